import { suggestion } from '../../base/index.ts'
import { type Kind, references } from '../../expressions/index.ts'
import { labelScope, rowScope } from '../scopes.ts'
import type { PredictionDefinition, ProjectDefinition, SourceDefinition } from '../types.ts'
import type { Checker } from './checker.ts'
import { checkGroup } from './group.ts'
import { originsOf, originsOfExpression } from './source.ts'

/** The training rows of a prediction, its label, and that nothing else can see the label. */
export function checkTraining(check: Checker, project: ProjectDefinition, prediction: PredictionDefinition, where: string): void {
  const { training, inputs, entity } = prediction
  const source = training === undefined ? undefined : project.sources[training.source]
  if (training === undefined || source === undefined) return
  const scope = rowScope(source)
  const place = `${where}.training`
  if ('everyUs' in training.asOf) checkGrid(check, prediction, `${place}.asOf`)
  else check.expression(training.asOf, scope, `${place}.asOf`, ['timestamp'])
  if (training.where !== undefined) check.expression(training.where, scope, `${place}.rows, where`, ['boolean'])
  for (const [name, kind] of Object.entries(entity ?? {}))
    check.column(training.keys[name] ?? name, scope, `${place}, key column ${name}`, [kind])
  for (const [name, node] of Object.entries(training.inputs))
    check.expression(node, scope, `${place}.inputs.${name}`, [inputs[name] as Kind])
  checkNext(check, project, prediction, `${place}.next`)
  checkNames(check, prediction, where)
  check.expression(training.label, labelScope(project, prediction), `${place}.label`, ['int64', 'float64', 'boolean'])
  checkLeaks(check, prediction, source, place)
}

/**
 * At each time of a grid the rows are the keys of the population, as a batch would find them: there is no one row behind a key, of
 * which inputs or a label could be read.
 */
function checkGrid(check: Checker, { training, population, inputs }: PredictionDefinition, where: string): void {
  const refuse = (found: string, expected: string, fix: string) =>
    check.add('not_supported', where, `a grid of times, ${found}`, expected, fix)
  if (population === undefined || population.source !== training?.source)
    refuse(
      'over other rows than those of the population',
      'the rows of the population',
      'Take the rows of the population, or an as-of of the row.',
    )
  else if (Object.keys(inputs).length > 0)
    refuse(
      'and inputs, for which a key of the population has no row',
      'a timestamp of the row',
      'Take an as-of of the row: `asOf: r => …`.',
    )
  else if ([...references(training.label)].some(ref => ref.startsWith('row.')))
    refuse('and a label of the row', 'a label over `next`', 'Say by `next` what happens after the as-of: `label: (_, next) => …`.')
}

/** What happens after the as-of happens to the row's own key. */
function checkNext(check: Checker, { sources }: ProjectDefinition, { training, entity = {} }: PredictionDefinition, where: string): void {
  const next = training?.next
  const source = next === undefined ? undefined : sources[next.source]
  if (next === undefined || source === undefined) return
  checkGroup(check, next, source, where)
  for (const [name, kind] of Object.entries(next.entity)) {
    const own = Object.hasOwn(entity, name) ? entity[name] : undefined
    if (own === undefined)
      check.add(
        'unknown_name',
        `${where}, key column ${name}`,
        `\`${name}\``,
        'a key column of the prediction',
        suggestion(name, Object.keys(entity)),
      )
    else if (own !== kind) check.add('wrong_type', `${where}, key column ${name}`, own, kind)
  }
}

/** A training set has a column for each feature beside those of its own. */
function checkNames(check: Checker, { entity = {}, inputs, features }: PredictionDefinition, where: string): void {
  const own = [...Object.keys(entity).map(name => `key_${name}`), ...Object.keys(inputs).map(name => `input_${name}`), 'as_of', 'label']
  for (const { name } of features) check.unlike(name, own, `${where}.features.${name}`)
}

/** What the label reads is the future: nothing that a request would give may be computed from it. */
function checkLeaks(
  check: Checker,
  { training, joins, name: prediction }: PredictionDefinition,
  source: SourceDefinition,
  where: string,
): void {
  if (training === undefined) return
  const label = originsOfExpression(source, training.label)
  if (source.time !== undefined) label.delete(source.time)
  const leak = (origins: Iterable<string>, place: string) => {
    for (const column of origins) {
      if (label.has(column)) check.add('label_leak', place, `\`${column}\`, which the label reads`, 'only what is known at the as-of')
    }
  }
  for (const [name, column] of Object.entries(training.keys)) leak(originsOf(source, column), `${where}, key column ${name}`)
  for (const [name, node] of Object.entries(training.inputs)) leak(originsOfExpression(source, node), `${where}.inputs.${name}`)
  if (!('everyUs' in training.asOf)) leak(originsOfExpression(source, training.asOf), `${where}.asOf`)
  const aggregated = Object.values(joins)
    .filter(join => join.source === training.source)
    .flatMap(join => Object.values(join.features))
  const read = aggregated.flatMap(({ value, where: filter }) => [value, filter].filter(node => node !== undefined))
  const readsLabel = read.some(node => [...originsOfExpression(source, node)].some(column => label.has(column)))
  if (readsLabel && source.arrival === undefined) {
    const found = `features of \`${prediction}\` aggregate what its label reads, and rows count from their event time`
    const fix = 'Declare when such a row is known, or make sure that it is known at its event time.'
    check.warn('label_leak', `sources.${training.source}.arrival`, found, 'an `arrival`', fix)
  }
}

import { asPrescoreError, suggestion } from '../../base/index.ts'
import { type Kind, references, type Scope, unknownZone, zoneRules } from '../../expressions/index.ts'
import { checkInputs } from '../inputs.ts'
import { populationInputs } from '../population-inputs.ts'
import { filterScope, requestScope, rowScope, vectorScope } from '../scopes.ts'
import type { JoinDefinition, PredictionDefinition, ProjectDefinition, SourceDefinition } from '../types.ts'
import type { Checker } from './checker.ts'
import { checkEntity, checkGroup } from './group.ts'
import { checkPolicy } from './policy.ts'
import { checkTraining } from './training.ts'

const MODEL_KINDS: readonly Kind[] = ['int64', 'float64', 'boolean', 'duration']
const INPUT_KINDS = ['string', 'int64', 'float64', 'boolean', 'timestamp', 'duration']

export function checkPrediction(check: Checker, project: ProjectDefinition, prediction: PredictionDefinition, where: string): void {
  const { entity, inputs, zone } = prediction
  if (entity !== undefined) checkEntity(check, entity, where)
  check.names(inputs, `${where}.inputs`)
  for (const [name, kind] of Object.entries(inputs)) check.oneOf(kind, INPUT_KINDS, `${where}.inputs.${name}`)
  checkDefaults(check, prediction, `${where}.inputs`)
  if (zone !== undefined && zoneRules(zone) === undefined) check.problems.push(unknownZone(zone, `${where}.zone`))
  checkJoins(check, project, prediction, where)
  checkVector(check, project, prediction, where)
  checkPopulation(check, project, prediction, where)
  checkTraining(check, project, prediction, where)
  checkPolicy(check, prediction, where)
}

function checkDefaults(check: Checker, { inputs, inputDefaults = {} }: PredictionDefinition, where: string): void {
  for (const [name, value] of Object.entries(inputDefaults)) {
    try {
      checkInputs(inputs, { [name]: value })
    } catch (error) {
      const { details } = asPrescoreError(error)
      check.add('invalid_value', `${where}.${name}, default`, details.found ?? String(value), details.expected ?? 'a value of its kind')
    }
  }
}

function checkJoins(check: Checker, project: ProjectDefinition, prediction: PredictionDefinition, where: string): void {
  check.names(prediction.joins, `${where}.join`)
  const scope = requestScope(prediction)
  for (const [name, join] of Object.entries(prediction.joins)) {
    const source = project.sources[join.source]
    if (source === undefined) continue
    checkGroup(check, join, source, `${where}.join.${name}`)
    checkKeyInDatabase(check, join, source, `${where}.join.${name}`)
    for (const [column, node] of Object.entries(join.key)) {
      check.expression(node, scope, `${where}.join.${name}, key column ${column}`, [join.entity[column] as Kind])
    }
  }
}

/** A database that is asked by key must have the key's columns: derived ones are known only once a row was read. */
function checkKeyInDatabase(
  check: Checker,
  { source, entity, by }: JoinDefinition,
  { from, derive }: SourceDefinition,
  where: string,
): void {
  const derived =
    from?.perRequest === undefined
      ? undefined
      : Object.keys(entity)
          .map(name => by[name] ?? name)
          .find(column => Object.hasOwn(derive, column))
  if (derived === undefined) return
  const fix = `Compute it in \`query\` of \`${source}\`, and declare it as a column; or leave out \`perRequest\`.`
  check.add(
    'not_supported',
    `${where}, key column ${derived}`,
    'a derived column of a table that is read per request',
    'a declared column',
    fix,
  )
}

function checkVector(check: Checker, project: ProjectDefinition, prediction: PredictionDefinition, where: string): void {
  const scope = vectorScope(project, prediction)
  check.names(Object.fromEntries(prediction.features.map(({ name }) => [name, true])), `${where}.features`)
  if (prediction.features.length === 0)
    check.add('invalid_value', `${where}.features`, 'no features', 'at least one', 'List the features in the order of the model.')
  for (const { name, expression } of prediction.features) {
    // What is wrong with a joined feature itself is told at its join, once.
    if ([...references(expression)].some(ref => isBroken(prediction, ref, scope))) continue
    check.expression(expression, scope, `${where}.features.${name}`, MODEL_KINDS, 'non_numeric_feature')
  }
}

function isBroken({ joins }: PredictionDefinition, ref: string, scope: Scope): boolean {
  const [path, join, feature] = ref.split('.')
  return path === 'join' && !scope.has(ref) && joins[join ?? '']?.features[feature ?? ''] !== undefined
}

function checkPopulation(check: Checker, project: ProjectDefinition, prediction: PredictionDefinition, where: string): void {
  const { entity, population, zone } = prediction
  if (population === undefined) return
  const source = project.sources[population.source]
  if (source === undefined) return
  const scope = rowScope(source)
  if (entity === undefined) check.add('invalid_value', `${where}.population`, 'a population without an entity', 'an entity')
  if (source.type === 'table' && source.time !== undefined) {
    check.add('not_supported', `${where}.population`, 'a table whose rows change over time', 'a table without `validFrom`, or events')
  }
  for (const [name, kind] of Object.entries(entity ?? {}))
    check.column(population.keys[name] ?? name, scope, `${where}.population, key column ${name}`, [kind])
  if (population.sinceUs !== undefined && source.time === undefined) {
    check.add(
      'invalid_window',
      `${where}.population`,
      '`.since(…)` over rows without a time',
      'all rows',
      `Declare \`validFrom\` of \`${population.source}\`, or leave out \`.since(…)\`.`,
    )
  }
  if (population.where !== undefined)
    check.expression(population.where, filterScope(source, zone), `${where}.population, where`, ['boolean'])
  checkPopulationInputs(check, prediction, source, `${where}.population`)
}

/** Each input needs a column of the row, or a default. */
function checkPopulationInputs(check: Checker, prediction: PredictionDefinition, source: SourceDefinition, where: string): void {
  const { inputs, inputDefaults = {}, population } = prediction
  const scope = rowScope(source)
  for (const name of Object.keys(population?.inputs ?? {})) {
    if (!Object.hasOwn(inputs, name))
      check.add('unknown_name', `${where}.inputs`, `\`${name}\``, 'an input', suggestion(name, Object.keys(inputs)))
  }
  for (const [name, column] of populationInputs(prediction, source)) {
    if (column !== undefined) check.column(column, scope, `${where}, input ${name}`, [inputs[name] as Kind])
    else if (!Object.hasOwn(inputDefaults, name)) {
      const fix = `Declare column \`${name}\` of the population's source, name another with \`.inputs({ ${name}: 'column' })\`, or give the input a \`default\`.`
      check.add('missing_input', `${where}, input ${name}`, 'no column of this name, and no default', 'a value for each row', fix)
    }
  }
}

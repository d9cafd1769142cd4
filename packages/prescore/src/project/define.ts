/** `defineProject`: everything declared, put together by name into one plain frozen value. */
import { checkMade, checkSettings, PrescoreError, type Problem, problem, type Settings } from '../base/index.ts'
import type { Join, LabelWindow } from './feature-group.ts'
import { type MonitorOptions, monitorOf } from './monitor.ts'
import type { PredictionParts } from './prediction.ts'
import type { Population } from './source.ts'
import type {
  AnySource,
  FeatureGroupDefinition,
  JoinDefinition,
  KeyColumns,
  LabelWindowDefinition,
  PopulationDefinition,
  PredictionDefinition,
  ProjectDefinition,
  SourceDefinition,
  TrainingDefinition,
} from './types.ts'

export interface ProjectOptions {
  /**
   * Sources by the names that they have in messages, hashes and the API. Each that is used must be listed.
   * @error unnamed_source, invalid_name, duplicate_name
   */
  readonly sources: Readonly<Record<string, AnySource>>
  /**
   * Predictions by the names that they have in commands, routes and metrics.
   * @error invalid_name, duplicate_name
   */
  readonly predictions: Readonly<Record<string, AnyPrediction>>
  /**
   * What watches over answers.
   * @default nothing
   * @error unknown_name
   */
  readonly monitor?: MonitorOptions
}

/** What a project file exports: the definition, as plain data. */
export interface Project {
  readonly prescore: 1
  readonly definition: ProjectDefinition
}

/** A prediction whatever its entity. */
interface AnyPrediction {
  readonly entity: { readonly columns: KeyColumns } | undefined
  readonly options: PredictionParts
}

const PROJECT: Settings<ProjectOptions> = { sources: 'required', predictions: 'required', monitor: 'optional' }

type SourceNames = ReadonlyMap<SourceDefinition, string>

/**
 * The whole project as one frozen value of plain data: a project file exports it by default.
 * @throws PrescoreError `project_invalid` with every source that is used but not listed, and every setting that has no place.
 */
export function defineProject(options: ProjectOptions): Project {
  checkSettings(options, PROJECT, 'defineProject')
  for (const [name, source] of Object.entries(options.sources)) checkMade(source, 'definition', `sources.${name}`, 'events(…) or table(…)')
  for (const [name, each] of Object.entries(options.predictions)) checkMade(each, 'options', `predictions.${name}`, 'prediction(…)')
  const sources = Object.entries(options.sources).map(([name, { definition }]) => [name, definition] as const)
  const names: SourceNames = new Map(sources.map(([name, definition]) => [definition, name]))
  const problems: Problem[] = []
  const predictions = Object.entries(options.predictions).map(([name, each]) => [name, predictionOf(name, each, names, problems)] as const)
  if (problems.length > 0)
    throw new PrescoreError('project_invalid', { found: problems.length === 1 ? 'a problem' : `${problems.length} problems`, problems })
  const monitor = options.monitor === undefined ? {} : { monitor: monitorOf(options.monitor) }
  const definition = { sources: Object.fromEntries(sources), predictions: Object.fromEntries(predictions), ...monitor }
  return deepFreeze({ prescore: 1, definition })
}

function predictionOf(name: string, { entity, options }: AnyPrediction, names: SourceNames, problems: Problem[]): PredictionDefinition {
  const { joins, population, training, ...rest } = options
  const where = `predictions.${name}`
  const columns = entity?.columns
  return {
    name,
    ...rest,
    ...(columns === undefined ? {} : { entity: columns }),
    joins: Object.fromEntries(Object.entries(joins).map(([join, each]) => [join, joinOf(each, names, `${where}.join.${join}`, problems)])),
    ...(population === undefined ? {} : { population: populationOf(population, names, `${where}.population`, problems) }),
    ...(training === undefined ? {} : { training: trainingOf(training, columns, names, `${where}.training`, problems) }),
  }
}

function joinOf({ group, key }: Join<unknown>, names: SourceNames, where: string, problems: Problem[]): JoinDefinition {
  return { ...groupOf(group, names, where, problems), key }
}

function groupOf(group: Join<unknown>['group'], names: SourceNames, where: string, problems: Problem[]): FeatureGroupDefinition {
  return { source: nameOf(group.source, names, where, problems), entity: group.entity.columns, by: group.by, features: group.features }
}

function populationOf(population: Population<KeyColumns>, names: SourceNames, where: string, problems: Problem[]): PopulationDefinition {
  const { source, filter } = population.rows
  const inputs = Object.keys(population.inputMapping).length === 0 ? {} : { inputs: population.inputMapping }
  return { source: nameOf(source, names, where, problems), ...filter, keys: population.mapping, ...inputs }
}

function trainingOf(
  training: NonNullable<PredictionParts['training']>,
  entity: KeyColumns | undefined,
  names: SourceNames,
  where: string,
  problems: Problem[],
): TrainingDefinition {
  const { rows, asOf, inputs, label, next } = training
  if (rows.filter.sinceUs !== undefined) {
    problems.push(
      problem(
        'invalid_value',
        `${where}.rows`,
        '`.since(…)`',
        'all rows, or those of `.where(…)`',
        'Give the time range to `prescore dataset`.',
      ),
    )
  }
  return {
    source: nameOf(rows.source, names, `${where}.rows`, problems),
    ...(rows.filter.where === undefined ? {} : { where: rows.filter.where }),
    asOf,
    keys: Object.fromEntries(Object.keys(entity ?? {}).map(name => [name, name])),
    inputs,
    label,
    ...(next === undefined ? {} : { next: nextOf(next, names, `${where}.next`, problems) }),
  }
}

function nextOf({ group, lengthUs }: LabelWindow<unknown>, names: SourceNames, where: string, problems: Problem[]): LabelWindowDefinition {
  return { ...groupOf(group, names, where, problems), horizonUs: lengthUs }
}

function nameOf(source: AnySource, names: SourceNames, where: string, problems: Problem[]): string {
  const name = names.get(source.definition)
  if (name !== undefined) return name
  const { files, from } = source.definition
  const over = from === undefined ? files.join(', ') : (from.table ?? 'a statement')
  problems.push(problem('unnamed_source', where, `a source over ${over}`, 'a source listed in `sources`'))
  return ''
}

function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value
  for (const member of Object.values(value)) deepFreeze(member)
  return Object.freeze(value)
}

/** What bears on a prediction's values, in canonical form: the same text for the same meaning, on any machine. */
import { contentHash } from '../base/index.ts'
import { canonicalExpression, type ExpressionNode, references, zoneRules } from '../expressions/index.ts'
import { KERNEL_VERSION } from '../features/index.ts'
import {
  type AggregationDefinition,
  type JoinDefinition,
  type PredictionDefinition,
  type ProjectDefinition,
  populationInputs,
  type SourceDefinition,
} from '../project/index.ts'
import { rowColumns, usedDefinitions, usedSource } from './used.ts'

/**
 * The feature hash: the definitions of all features of a prediction, with what they are computed from, and the kernel's version.
 * Policies, schedules, gates, stores, and where files lie do not count; nor do columns and aggregates that no feature reads.
 */
export function featureHash(project: ProjectDefinition, prediction: PredictionDefinition): string {
  const { sources, predictions } = usedDefinitions(project, prediction)
  const { entity = {}, inputs, inputDefaults, features, joins } = predictions[prediction.name] as PredictionDefinition
  const expressions = [...features.map(({ expression }) => expression), ...Object.values(joins).flatMap(({ key }) => Object.values(key))]
  return contentHash({
    kernel: KERNEL_VERSION,
    entity: Object.entries(entity),
    inputs,
    inputDefaults,
    zone: zoneRead(prediction, expressions),
    sources: mapped(sources, canonicalSource),
    joins: mapped(joins, canonicalJoin),
    features: features.map(({ name, expression }) => [name, canonicalExpression(expression)]),
  })
}

/** What decides which rows a run scores: the population, and what it reads of its source. Undefined without a population. */
export function canonicalPopulation(project: ProjectDefinition, prediction: PredictionDefinition): unknown {
  const { population } = prediction
  if (population === undefined) return undefined
  const { source, keys, sinceUs, where } = population
  const conditions = where === undefined ? [] : [where]
  const all = project.sources[source] as SourceDefinition
  const inputs = [...populationInputs(prediction, all)].filter(([, column]) => column !== undefined) as [string, string][]
  const columns = [...Object.values(keys), ...inputs.map(([, column]) => column), ...conditions.flatMap(rowColumns)]
  return {
    source,
    used: canonicalSource(usedSource(all, columns)),
    keys,
    inputs: inputs.length === 0 ? undefined : inputs,
    sinceUs,
    where: conditions.map(canonicalExpression),
    zone: zoneRead(prediction, conditions),
  }
}

function canonicalSource({ type, id, time, zone, columns, derive, arrival }: SourceDefinition): unknown {
  return {
    type,
    id,
    time,
    zone: canonicalZone(zone),
    columns,
    derive: mapped(derive, canonicalExpression),
    arrival: arrival === undefined ? undefined : canonicalExpression(arrival),
  }
}

function canonicalJoin({ source, entity, by, features, key }: JoinDefinition): unknown {
  return {
    source,
    entity: Object.entries(entity),
    by,
    key: mapped(key, canonicalExpression),
    features: mapped(features, canonicalAggregation),
  }
}

function canonicalAggregation({ value, where, ...rest }: AggregationDefinition): unknown {
  return {
    ...rest,
    value: value === undefined ? undefined : canonicalExpression(value),
    where: where === undefined ? undefined : canonicalExpression(where),
  }
}

/** The prediction's zone where an expression may read a moment in it; one that stands there for the schedule alone does not count. */
function zoneRead({ zone, inputs }: PredictionDefinition, expressions: readonly ExpressionNode[]): string | undefined {
  const moments = [
    'asOf',
    ...Object.keys(inputs)
      .filter(name => inputs[name] === 'timestamp')
      .map(name => `input.${name}`),
  ]
  const read = new Set(expressions.flatMap(node => [...references(node)]))
  return moments.some(ref => read.has(ref)) ? canonicalZone(zone) : undefined
}

/** A zone is its rules, not its name: new rules make a new hash, renamed ones do not. */
function canonicalZone(zone: string | undefined): string | undefined {
  return zone === undefined ? undefined : zoneRules(zone)?.digest
}

function mapped<T>(record: Readonly<Record<string, T>>, canonical: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, canonical(value)]))
}

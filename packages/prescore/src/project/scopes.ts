/** What each expression of a project may refer to, with types: the one place where names get their meaning. */
import { type Inference, inferType, type Scope, type ValueType } from '../expressions/index.ts'
import type { AggregationDefinition, FeatureGroupDefinition, PredictionDefinition, ProjectDefinition, SourceDefinition } from './types.ts'

/** `row.<column>` of a source, declared and derived. Derived columns that have problems are left out. */
export function rowScope(source: SourceDefinition): Scope {
  const declared = declaredScope(source)
  const derived = Object.entries(source.derive).flatMap(([name, node]) => {
    const { type } = inferType(node, declared, '')
    return type === undefined ? [] : [[`row.${name}`, type] as const]
  })
  return new Map([...declared, ...derived])
}

/** `row.<column>` of the declared columns only: what derived columns may refer to. */
export function declaredScope({ columns, zone }: SourceDefinition): Scope {
  return new Map(Object.entries(columns).map(([name, kind]) => [`row.${name}`, timed(kind, zone)]))
}

/** What a filter over a population's rows may refer to. */
export function filterScope(source: SourceDefinition, zone: string | undefined): Scope {
  return new Map([...rowScope(source), ['asOf', timed('timestamp', zone)]])
}

/** The type of one window aggregate's result; problems are those of its value and filter. */
function aggregateType({ aggregate, value }: AggregationDefinition, scope: Scope, where: string): Inference {
  const inferred = value === undefined ? { type: undefined, problems: [] } : inferType(value, scope, where)
  switch (aggregate) {
    case 'timeSinceLast':
      return { type: { kind: 'duration' }, problems: [] }
    case 'min':
    case 'max':
    case 'first':
    case 'last':
    case 'current':
    case 'mode':
      return inferred
    default:
      return { type: { kind: 'float64' }, problems: inferred.problems }
  }
}

/** The features of a group by name; those that have problems are left out. */
export function featureTypes(group: FeatureGroupDefinition, scope: Scope): ReadonlyMap<string, ValueType> {
  const types = Object.entries(group.features).flatMap(([name, definition]) => {
    const { type } = aggregateType(definition, scope, '')
    return type === undefined ? [] : [[name, type] as const]
  })
  return new Map(types)
}

/** `key.<column>`, `input.<name>` and `asOf`: what the keys of joins may refer to. */
export function requestScope({ entity, inputs, zone }: PredictionDefinition): Scope {
  return new Map<string, ValueType>([
    ...Object.entries(entity ?? {}).map(([name, kind]) => [`key.${name}`, { kind }] as const),
    ...Object.entries(inputs).map(([name, kind]) => [`input.${name}`, timed(kind, zone)] as const),
    ['asOf', timed('timestamp', zone)],
  ])
}

/** The request's scope with `join.<join>.<feature>`: what the feature vector may refer to. */
export function vectorScope(project: ProjectDefinition, prediction: PredictionDefinition): Scope {
  const joined = Object.entries(prediction.joins).flatMap(([join, group]) => {
    const source = project.sources[group.source]
    if (source === undefined) return []
    return [...featureTypes(group, rowScope(source))].map(([name, type]) => [`join.${join}.${name}`, type] as const)
  })
  return new Map([...requestScope(prediction), ...joined])
}

/** The training row's scope with `next.<aggregate>`: what a label may refer to. */
export function labelScope(project: ProjectDefinition, prediction: PredictionDefinition): Scope {
  const { training } = prediction
  const source = training === undefined ? undefined : project.sources[training.source]
  if (training === undefined || source === undefined) return new Map()
  const { next } = training
  const after = next === undefined ? undefined : project.sources[next.source]
  const types = next === undefined || after === undefined ? [] : featureTypes(next, rowScope(after))
  return new Map([...rowScope(source), ...[...types].map(([name, type]) => [`next.${name}`, type] as const)])
}

function timed(kind: ValueType['kind'], zone: string | undefined): ValueType {
  return kind === 'timestamp' && zone !== undefined ? { kind, zone } : { kind }
}

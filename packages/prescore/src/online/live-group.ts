import { contentHash } from '../base/index.ts'
import { canonicalExpression, type ExpressionNode, zoneRules } from '../expressions/index.ts'
import { KERNEL_VERSION } from '../features/index.ts'
import type { AggregationDefinition, FeatureGroupDefinition } from '../project/index.ts'
import type { SourceAt } from '../sources/index.ts'
import type { LiveGroup } from './types.ts'

/** A group under the hash of all that its state depends on: a group that means something else has state of its own. */
export function liveGroup(source: SourceAt, group: FeatureGroupDefinition): LiveGroup {
  const { type, columns, derive, id, time, arrival, zone } = source.definition
  const { entity, by, features } = group
  const name = contentHash({
    kernel: KERNEL_VERSION,
    source: {
      name: source.name,
      type,
      columns,
      derive: mapped(derive, canonicalExpression),
      id,
      time,
      arrival: optional(arrival),
      zone: zone === undefined ? undefined : zoneRules(zone)?.digest,
    },
    entity: Object.entries(entity),
    by,
    features: Object.entries(features).map(([feature, definition]) => [feature, canonicalAggregation(definition)]),
  })
  return { name, source, group }
}

function canonicalAggregation({ value, where, ...rest }: AggregationDefinition): unknown {
  return { ...rest, value: optional(value), where: optional(where) }
}

function optional(node: ExpressionNode | undefined): unknown {
  return node === undefined ? undefined : canonicalExpression(node)
}

function mapped<T>(record: Readonly<Record<string, T>>, canonical: (value: T) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, canonical(value)]))
}

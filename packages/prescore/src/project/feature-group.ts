/** The features of one entity over one source, and how a prediction joins them. */
import { PrescoreError } from '../base/index.ts'
import { type ExpressionNode, type ExpressionOf, nodeOf } from '../expressions/index.ts'
import { Aggregation, type Features } from './aggregation.ts'
import type { Entity } from './entity.ts'
import type { AggregationDefinition, AnySource, KeyColumns } from './types.ts'

type KeyExpressions<E extends KeyColumns> = { readonly [K in keyof E]: ExpressionOf<E[K]> }

/** `F` are the features of the group, with their kinds. */
export class FeatureGroup<E extends KeyColumns, F> {
  declare readonly kinds: F
  readonly source: AnySource
  readonly entity: Entity<E>
  readonly by: Readonly<Record<string, string>>
  readonly features: Readonly<Record<string, AggregationDefinition>>

  constructor(source: AnySource, entity: Entity<E>, by: Readonly<Record<string, string>>, features: Features) {
    this.source = source
    this.entity = entity
    this.by = by
    this.features = named(features)
    Object.freeze(this)
  }

  /**
   * The features of the key that these expressions give; columns of theirs that the entity does not have are passed over.
   * @error wrong_type
   */
  at(key: KeyExpressions<E>): Join<F> {
    const nodes = Object.keys(this.entity.columns).map(name => [name, nodeOf(key[name])] as const)
    return new Join(this as FeatureGroup<KeyColumns, F>, Object.fromEntries(nodes))
  }
}

/** A feature group with where each column of its key comes from. */
export class Join<F> {
  readonly group: FeatureGroup<KeyColumns, F>
  readonly key: Readonly<Record<string, ExpressionNode>>

  constructor(group: FeatureGroup<KeyColumns, F>, key: Readonly<Record<string, ExpressionNode>>) {
    this.group = group
    this.key = Object.freeze(key)
    Object.freeze(this)
  }
}

/** Aggregates over [as-of, as-of + length), for labels: no group of features, so nothing can join them. */
export class LabelWindow<F> {
  declare readonly kinds: F
  /** As of the end of the window. */
  readonly group: FeatureGroup<KeyColumns, F>
  readonly lengthUs: number

  constructor(source: AnySource, entity: Entity<KeyColumns>, by: Readonly<Record<string, string>>, features: Features, lengthUs: number) {
    this.group = new FeatureGroup(source, entity, by, windowed(features, lengthUs))
    this.lengthUs = lengthUs
    Object.freeze(this)
  }
}

function named(features: Features): Readonly<Record<string, AggregationDefinition>> {
  const entries = Object.entries(features).flatMap(([name, { definitions }]) =>
    definitions.map(([suffix, definition]) => [`${name}${suffix}`, definition] as const),
  )
  return Object.freeze(Object.fromEntries(entries))
}

/** @throws PrescoreError `invalid_value` for a window or delay of its own, which would reach elsewhere. */
function windowed(features: Features, windowUs: number): Features {
  const entries = Object.entries(features).map(([name, { definitions }]) => {
    if (definitions.some(([, { windowUs, period, delayUs }]) => windowUs !== undefined || period !== undefined || delayUs > 0)) {
      throw new PrescoreError('invalid_value', {
        where: `next, ${name}`,
        found: '`over` or `delay`',
        expected: 'neither: it is over all that is next',
      })
    }
    return [name, new Aggregation(definitions.map(([suffix, definition]) => [suffix, { ...definition, windowUs }] as const))] as const
  })
  return Object.fromEntries(entries)
}

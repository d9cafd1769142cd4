/** A source seen by entity: what its rows say of each key, before an as-of and after it. */
import type { DurationText } from '../base/index.ts'
import { type Kind, type RowOf, rowOf } from '../expressions/index.ts'
import { FeatureBuilder, type Features, type GroupFeatures } from './aggregation.ts'
import type { Entity } from './entity.ts'
import { FeatureGroup, LabelWindow } from './feature-group.ts'
import type { AnySource, KeyColumns } from './types.ts'
import { durationUs } from './window.ts'

/** The columns of a source, declared and derived, with their kinds. */
export type Kinds = Readonly<Record<string, Kind>>

export class SourceBy<C extends Kinds, E extends KeyColumns> {
  readonly #source: AnySource
  readonly #entity: Entity<E>
  readonly #mapping: Readonly<Record<string, string>>

  constructor(source: AnySource, entity: Entity<E>, mapping: Readonly<Record<string, string>>) {
    this.#source = source
    this.#entity = entity
    this.#mapping = Object.freeze({ ...mapping })
    Object.freeze(this)
  }

  /**
   * Named window aggregates over the rows of each key, to be joined by predictions.
   * @error invalid_name, duplicate_name, invalid_value
   */
  features<F extends Features>(define: (f: FeatureBuilder<C>) => F): FeatureGroup<E, GroupFeatures<F>> {
    const features = define(new FeatureBuilder<C>(sourceRow<C>(this.#source)))
    return new FeatureGroup(this.#source, this.#entity, this.#mapping, features)
  }

  /**
   * The rows of each key in the while after the as-of, [as-of, as-of + length): for labels only. `.features(…)` of it takes no
   * `over` and no `delay`.
   * @error invalid_window, invalid_value
   */
  next(length: DurationText): SourceAfter<C, E> {
    return new SourceAfter(this.#source, this.#entity, this.#mapping, durationUs(length, 'next'))
  }
}

/** What happens to an entity after the as-of. */
class SourceAfter<C extends Kinds, E extends KeyColumns> {
  readonly #source: AnySource
  readonly #entity: Entity<E>
  readonly #mapping: Readonly<Record<string, string>>
  readonly #lengthUs: number

  constructor(source: AnySource, entity: Entity<E>, mapping: Readonly<Record<string, string>>, lengthUs: number) {
    this.#source = source
    this.#entity = entity
    this.#mapping = mapping
    this.#lengthUs = lengthUs
    Object.freeze(this)
  }

  /** Named aggregates over the whole of that while. @throws PrescoreError `invalid_value` for options `over` and `delay` */
  features<F extends Features>(define: (f: FeatureBuilder<C>) => F): LabelWindow<GroupFeatures<F>> {
    const features = define(new FeatureBuilder<C>(sourceRow<C>(this.#source)))
    return new LabelWindow(this.#source, this.#entity, this.#mapping, features, this.#lengthUs)
  }
}

/** References to the columns of a source. */
export function sourceRow<C extends Kinds>({ definition: { columns, derive } }: AnySource): RowOf<C> {
  return rowOf('row', [...Object.keys(columns), ...Object.keys(derive)]) as RowOf<C>
}

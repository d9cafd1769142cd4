/** The window aggregates: `f.mean('delay', { over: ['1h', '7d'] })`. Each method records plain data; the kernel computes. */
import { checkSettings, type DurationText, PrescoreError, type Settings } from '../base/index.ts'
import { type BooleanExpression, type ExpressionNode, type ExpressionOf, type Kind, nodeOf, type RowOf } from '../expressions/index.ts'
import type { AggregateName, AggregationDefinition } from './types.ts'
import { durationUs, type WindowText, windowIn } from './window.ts'

type Over = WindowText | readonly WindowText[]
/** So many features at most of one line with `n`. */
const RANKS_MAX = 32
type NumberKind = 'int64' | 'float64'
type OrderedKind = NumberKind | 'timestamp' | 'duration'

interface Options<C extends Kinds, O extends Over> {
  /**
   * The windows: one, or several, which makes a feature `name_window` of each. `'3h'` is [t − 3 h, t); `'today'` is from local
   * midnight in the source's zone to t, and so are `'thisHour'`, `'thisWeek'` and `'thisMonth'`; `'all'` is all that lies before.
   * @default 'all'
   * @error invalid_window, zone_missing
   */
  readonly over?: O
  /**
   * Only rows for which this is true: a row for which it is missing does not count.
   * @default every row
   * @error wrong_type
   */
  readonly where?: (row: Row<C>) => BooleanExpression
  /**
   * Shifts both ends of the window back.
   * @default none
   * @error invalid_window
   */
  readonly delay?: DurationText
  /**
   * Takes the place of a missing result; for times and durations use `.orElse(…)` in the prediction's `features`.
   * @default none: a model receives NaN
   * @error invalid_value, wrong_type
   */
  readonly default?: number
}

/** How many values of a window are wanted. */
interface Several<N extends number> {
  /**
   * The first so many, at most 32, each as a feature of its own: `name_1` (or `name_window_1`), `name_2`, …
   * @default one, under the name itself
   * @error invalid_value
   */
  readonly n?: N
}

type Kinds = Readonly<Record<string, Kind>>
type Row<C extends Kinds> = RowOf<C>
/** The columns of some kinds, or an expression of one of them. */
type Value<C extends Kinds, K extends Kind> =
  | { [N in keyof C & string]: C[N] extends K ? N : never }[keyof C & string]
  | ((row: Row<C>) => { [J in K]: ExpressionOf<J> }[K])
type KindAt<C, V> = V extends keyof C ? C[V] : V extends (row: never) => infer E ? (E extends ExpressionOf<infer K> ? K : never) : never
type WindowOf<O> = O extends readonly (infer W extends string)[] ? W : never
/** `'1' | '2' | '3'` of 3. */
type RankTo<N, Before extends readonly unknown[] = []> = Before['length'] extends N
  ? never
  : `${[...Before, unknown]['length'] & number}` | RankTo<N, [...Before, unknown]>
/** What the names of features end with. */
type SuffixOf<O, N> = [N] extends [never] ? WindowOf<O> : [WindowOf<O>] extends [never] ? RankTo<N> : `${WindowOf<O>}_${RankTo<N>}`

/** One line of a feature group: an aggregate over one or several windows. `W` is what the names of its features end with. */
export class Aggregation<K, W> {
  declare readonly kind: K
  declare readonly windows: W
  /** Suffix of the feature's name ('' for one unnamed window) and its definition. */
  readonly definitions: readonly (readonly [suffix: string, AggregationDefinition])[]

  constructor(definitions: readonly (readonly [string, AggregationDefinition])[]) {
    this.definitions = Object.freeze(definitions)
    Object.freeze(this)
  }
}

export type Features = Readonly<Record<string, Aggregation<unknown, unknown>>>
type NamesOf<N extends string, A> = A extends Aggregation<unknown, infer W extends string> ? ([W] extends [never] ? N : `${N}_${W}`) : N
type Named<F extends Features> = {
  [N in keyof F & string]: { name: NamesOf<N, F[N]>; kind: F[N] extends Aggregation<infer K, unknown> ? K : never }
}[keyof F & string]
/** The features of a group with their kinds: `{ late_1h: 'float64', late_7d: 'float64' }`. */
export type GroupFeatures<F extends Features> = { readonly [P in Named<F> as P['name']]: P['kind'] }

const OPTIONS: Settings<Options<Kinds, Over>> = { over: 'optional', where: 'optional', delay: 'optional', default: 'optional' }
const RANKED: Settings<Options<Kinds, Over> & Several<number>> = { ...OPTIONS, n: 'optional' }

/**
 * What `features` of a source is given: one method for each aggregate.
 * @typeParam C the columns of the source, with their kinds.
 */
export class FeatureBuilder<C extends Kinds> {
  readonly #row: Row<C>

  constructor(row: Row<C>) {
    this.#row = row
  }

  /** Rows in the window; 0 when there are none. With a value: rows where it is not missing. */
  count<const O extends Over = never>(options?: Options<C, O>): Aggregation<'float64', WindowOf<O>>
  count<const O extends Over = never>(value: Value<C, Kind>, options?: Options<C, O>): Aggregation<'float64', WindowOf<O>>
  count(valueOrOptions?: unknown, options?: Options<C, Over>): Aggregation<'float64', never> {
    const rowsOnly = valueOrOptions === undefined || (typeof valueOrOptions === 'object' && valueOrOptions !== null)
    return rowsOnly ? this.#define('count', undefined, valueOrOptions as Options<C, Over>) : this.#define('count', valueOrOptions, options)
  }

  /** Exact sum, rounded once; 0 when there is nothing. */
  sum<const O extends Over = never>(value: Value<C, NumberKind>, options?: Options<C, O>): Aggregation<'float64', WindowOf<O>> {
    return this.#define('sum', value, options)
  }

  /** Exact mean, rounded once; missing when there is nothing. */
  mean<const O extends Over = never>(value: Value<C, NumberKind>, options?: Options<C, O>): Aggregation<'float64', WindowOf<O>> {
    return this.#define('mean', value, options)
  }

  /** Mean of a condition: the share of rows for which it is true, among those where it is not missing. */
  share<const O extends Over = never>(
    condition: (row: Row<C>) => BooleanExpression,
    options?: Options<C, O>,
  ): Aggregation<'float64', WindowOf<O>> {
    return this.#define('share', condition, options)
  }

  /** Sample standard deviation from exact sums; missing for fewer than two values. */
  std<const O extends Over = never>(value: Value<C, NumberKind>, options?: Options<C, O>): Aggregation<'float64', WindowOf<O>> {
    return this.#define('std', value, options)
  }

  /** The least value; missing when there is nothing. */
  min<const O extends Over = never, const V extends Value<C, OrderedKind> = Value<C, OrderedKind>>(
    value: V,
    options?: Options<C, O>,
  ): Aggregation<KindAt<C, V>, WindowOf<O>> {
    return this.#define('min', value, options)
  }

  /** The greatest value; missing when there is nothing. */
  max<const O extends Over = never, const V extends Value<C, OrderedKind> = Value<C, OrderedKind>>(
    value: V,
    options?: Options<C, O>,
  ): Aggregation<KindAt<C, V>, WindowOf<O>> {
    return this.#define('max', value, options)
  }

  /** How many different values there are, missing ones aside; 0 when there are none. */
  distinct<const O extends Over = never>(value: Value<C, Kind>, options?: Options<C, O>): Aggregation<'float64', WindowOf<O>> {
    return this.#define('distinct', value, options)
  }

  /** The first value that is not missing, by event time, then id. */
  first<const O extends Over = never, const V extends Value<C, Kind> = Value<C, Kind>>(
    value: V,
    options?: Options<C, O>,
  ): Aggregation<KindAt<C, V>, WindowOf<O>> {
    return this.#define('first', value, options)
  }

  /** The last value that is not missing, by event time, then id; with `n`: the last, the one before it, … */
  last<const O extends Over = never, const V extends Value<C, Kind> = Value<C, Kind>, const N extends number = never>(
    value: V,
    options?: Options<C, O> & Several<N>,
  ): Aggregation<KindAt<C, V>, SuffixOf<O, N>> {
    return this.#define('last', value, options)
  }

  /** The value that most events have; with `n`: that one, the next, … Of equally many the lesser value, texts by their UTF-8 bytes. */
  mode<const O extends Over = never, const V extends Value<C, Kind> = Value<C, Kind>, const N extends number = never>(
    value: V,
    options?: Options<C, O> & Several<N>,
  ): Aggregation<KindAt<C, V>, SuffixOf<O, N>> {
    return this.#define('mode', value, options)
  }

  /**
   * Of a table: the value in the row that holds at the as-of, which is the last with a valid-from at it or before, also where
   * its value is missing.
   */
  current<const V extends Value<C, Kind>>(value: V, options?: Omit<Options<C, never>, 'over'>): Aggregation<KindAt<C, V>, never> {
    return this.#define('current', value, options)
  }

  /** From the last event to the as-of. As a model input: seconds. */
  timeSinceLast<const O extends Over = never>(options?: Options<C, O>): Aggregation<'duration', WindowOf<O>> {
    return this.#define('timeSinceLast', undefined, options)
  }

  #define<K, W>(aggregate: AggregateName, value: unknown, options: Options<C, Over> & Several<number> = {}): Aggregation<K, W> {
    checkSettings(options, aggregate === 'last' || aggregate === 'mode' ? RANKED : OPTIONS, aggregate)
    const { over, where, delay, n } = options
    const shared = {
      aggregate,
      delayUs: delay === undefined ? 0 : durationUs(delay, 'delay'),
      ...(value === undefined ? {} : { value: this.#valueNode(value) }),
      ...(where === undefined ? {} : { where: nodeOf(where(this.#row)) }),
      ...(options.default === undefined ? {} : { default: options.default }),
    }
    const window = (text: WindowText) => Object.freeze({ ...shared, ...windowIn(text) })
    const definitions = isSeveral(over)
      ? several(over).map(text => [`_${text}`, window(text)] as const)
      : [['', window(over ?? 'all')] as const]
    return new Aggregation<K, W>(n === undefined ? definitions : definitions.flatMap(([suffix, each]) => ranked(suffix, each, n)))
  }

  #valueNode(value: unknown): ExpressionNode {
    return typeof value === 'function' ? nodeOf(value(this.#row)) : nodeOf((this.#row as Record<string, unknown>)[value as string])
  }
}

function isSeveral(over: Over | undefined): over is readonly WindowText[] {
  return Array.isArray(over)
}

/** The first of all ranks is what there is without one. */
function ranked(suffix: string, definition: AggregationDefinition, n: number): (readonly [string, AggregationDefinition])[] {
  if (!Number.isInteger(n) || n < 1 || n > RANKS_MAX)
    throw new PrescoreError('invalid_value', { where: 'n', found: String(n), expected: `a whole number from 1 to ${RANKS_MAX}` })
  return Array.from({ length: n }, (_, i) => [`${suffix}_${i + 1}`, i === 0 ? definition : Object.freeze({ ...definition, rank: i + 1 })])
}

function several(windows: readonly WindowText[]): readonly WindowText[] {
  if (windows.length > 0) return windows
  throw new PrescoreError('invalid_window', { where: 'over', found: '[]', expected: 'one window, or several' })
}

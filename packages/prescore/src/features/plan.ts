/** A feature group taken apart into what its features share, once, when it is compiled. */
import { canonicalText, PrescoreError } from '../base/index.ts'
import {
  type CompiledExpression,
  canonicalExpression,
  compile,
  type ExpressionNode,
  references,
  type Scope,
  type ValueType,
} from '../expressions/index.ts'
import type { AggregateName, AggregationDefinition, FeatureGroupDefinition } from '../project/index.ts'
import { type Window, windowOf } from './windows.ts'

/** A share is the mean of a condition, whose values are 1 and 0; what is current, the last of a lane that keeps missing values. */
export type Statistic = Exclude<AggregateName, 'share' | 'current'>

/** One result of a lane. Equal windows of a group are one object. */
export interface Cell {
  readonly statistic: Statistic
  readonly window: Window
  /** Of `last` and `mode`: 1 for the first in their order; the others have 1. */
  readonly rank: number
}

/** Features of the same value, filter and delay look at the same events with the same values. */
export interface LanePlan {
  /** Index into the expressions; absent: rows. */
  readonly value: number | undefined
  readonly filter: number | undefined
  /** Below 0: an event counts from so much before its time on, as a row that holds at its moment does. */
  readonly delayUs: number
  /** Events count whether they have a value or not. */
  readonly keepsMissing: boolean
  readonly cells: Cell[]
}

export interface FeaturePlan {
  readonly name: string
  readonly type: ValueType
  readonly lane: number
  readonly cell: number
  /** NaN: none. */
  readonly default: number
}

export interface GroupPlan {
  readonly expressions: readonly CompiledExpression[]
  readonly lanes: readonly LanePlan[]
  readonly features: readonly FeaturePlan[]
  readonly columnsUsed: ReadonlySet<string>
  readonly longestUs: number | undefined
  /** How far after an as-of, and at least at it, an event can count. */
  readonly aheadUs: number
}

/**
 * @param zone of the source: its clocks tell calendar windows.
 * @throws PrescoreError `project_invalid`: an expression does not fit the scope; `wrong_type`: a value does not fit its aggregate;
 * `zone_missing`
 */
export function planGroup(group: FeatureGroupDefinition, scope: Scope, zone: string | undefined, where: string): GroupPlan {
  const definitions = Object.entries(group.features)
  const nodes = definitions.flatMap(([, { value, where: filter }]) => [value, filter].filter(node => node !== undefined))
  const builder = new PlanBuilder(scope, zone)
  const features = definitions.map(([name, definition]) => builder.feature(name, definition, `${where}.features.${name}`))
  const reaches = builder.lanes.flatMap(({ delayUs, cells }) => cells.map(({ window }) => window.longestUs + delayUs))
  const longestUs = Math.max(0, ...reaches)
  return {
    expressions: builder.expressions,
    lanes: builder.lanes,
    features,
    columnsUsed: new Set(nodes.flatMap(node => [...references(node)]).map(ref => ref.slice('row.'.length))),
    longestUs: longestUs === Number.POSITIVE_INFINITY ? undefined : longestUs,
    aheadUs: Math.max(0, ...builder.lanes.map(({ delayUs }) => -delayUs)),
  }
}

/** What gives a value of the events, as it is. */
const PICKED: readonly AggregateName[] = ['first', 'last', 'current', 'mode']

class PlanBuilder {
  readonly expressions: CompiledExpression[] = []
  readonly lanes: LanePlan[] = []
  readonly #scope: Scope
  readonly #zone: string | undefined
  readonly #indexes = new Map<string, number>()
  readonly #windows = new Map<string, Window>()

  constructor(scope: Scope, zone: string | undefined) {
    this.#scope = scope
    this.#zone = zone
  }

  feature(name: string, definition: AggregationDefinition, where: string): FeaturePlan {
    const { aggregate, value, where: filter, delayUs, rank = 1, default: fallback = Number.NaN } = definition
    const valueIndex = this.#expression(value, where)
    const type = this.#typeOf(definition, valueIndex, where)
    const filterIndex = this.#expression(filter, `${where}, where`)
    const isCurrent = aggregate === 'current'
    const lane = this.#lane(valueIndex, filterIndex, isCurrent ? delayUs - 1 : delayUs, isCurrent)
    const cell = this.#cell(lane, statisticOf(aggregate), windowOf(definition, this.#zone, where), rank)
    return { name, type, lane, cell, default: fallback + 0 }
  }

  #typeOf({ aggregate, default: fallback }: AggregationDefinition, valueIndex: number | undefined, where: string): ValueType {
    if (aggregate === 'timeSinceLast') return { kind: 'duration' }
    if (aggregate === 'count') return { kind: 'float64' }
    if (valueIndex === undefined) throw wrongType(where, 'no value', `a value to take the ${aggregate} of`)
    const { type } = this.expressions[valueIndex]!
    if (aggregate === 'distinct') return { kind: 'float64' }
    const isText = type.kind === 'string'
    const isPicked = PICKED.includes(aggregate)
    if (isText && !isPicked) throw wrongType(where, `the ${aggregate} of a string`, 'a number')
    if (isText && fallback !== undefined) throw wrongType(where, 'a number as the default of a string', 'no default')
    return aggregate === 'min' || aggregate === 'max' || isPicked ? type : { kind: 'float64' }
  }

  #expression(node: ExpressionNode | undefined, where: string): number | undefined {
    if (node === undefined) return undefined
    const identity = canonicalText(canonicalExpression(node))
    return this.#once(`expression ${identity}`, () => this.expressions.push(compile(node, this.#scope, where)) - 1)
  }

  #lane(value: number | undefined, filter: number | undefined, delayUs: number, keepsMissing: boolean): number {
    const make = () => this.lanes.push({ value, filter, delayUs, keepsMissing, cells: [] }) - 1
    return this.#once(`lane ${value} ${filter} ${delayUs} ${keepsMissing}`, make)
  }

  #cell(lane: number, statistic: Statistic, each: Window, rank: number): number {
    const { cells } = this.lanes[lane]!
    const window = this.#windows.get(each.name) ?? each
    this.#windows.set(window.name, window)
    return this.#once(`cell ${lane} ${statistic} ${window.name} ${rank}`, () => cells.push({ statistic, window, rank }) - 1)
  }

  #once(key: string, make: () => number): number {
    const known = this.#indexes.get(key)
    if (known !== undefined) return known
    const made = make()
    this.#indexes.set(key, made)
    return made
  }
}

function statisticOf(aggregate: AggregateName): Statistic {
  if (aggregate === 'share') return 'mean'
  return aggregate === 'current' ? 'last' : aggregate
}

function wrongType(where: string, found: string, expected: string): PrescoreError {
  return new PrescoreError('wrong_type', { where, found, expected })
}

/** Features of keys that have one row each: what a feature picks among the rows of its key is what that row says. */
import { type Chunk, type Column, isStringColumn, numberValues, type Scope } from '../expressions/index.ts'
import type { AggregateName, AggregationDefinition, FeatureGroupDefinition } from '../project/index.ts'
import { type FeaturePlan, type GroupPlan, planGroup } from './plan.ts'

/** Of one row without a window all of them are its value. */
const PICKS: readonly AggregateName[] = ['first', 'last', 'current', 'mode']

/** Whether every feature picks a value, of all rows that there are. */
export function picksOnly({ features }: FeatureGroupDefinition): boolean {
  return Object.values(features).every(isPick)
}

function isPick({ aggregate, windowUs, period, delayUs, rank = 1 }: AggregationDefinition): boolean {
  return PICKS.includes(aggregate) && windowUs === undefined && period === undefined && delayUs === 0 && rank === 1
}

export interface SingleRowGroup {
  /** The source's columns that values and filters refer to. */
  readonly columnsUsed: ReadonlySet<string>
  /**
   * A column for each feature, in the order of the definition, row by row: the same as {@link CompiledGroup.compute} gives for keys of
   * which each has one of the rows. Valid until the next call.
   * @throws PrescoreError `lossy_cast`
   */
  compute(rows: Chunk): readonly Column[]
}

/** @param group of which {@link picksOnly} holds. @throws PrescoreError as `compileGroup` does */
export function compileSingleRow(group: FeatureGroupDefinition, rowScope: Scope, zone: string | undefined, where: string): SingleRowGroup {
  const plan = planGroup(group, rowScope, zone, where)
  const rooms = plan.features.map(() => new Float64Array(0))
  const roomFor = (feature: number, rows: number): Float64Array => {
    if ((rooms[feature] as Float64Array).length < rows) rooms[feature] = new Float64Array(rows)
    return (rooms[feature] as Float64Array).subarray(0, rows)
  }
  return {
    columnsUsed: plan.columnsUsed,
    compute: rows => {
      const columns = plan.expressions.map(expression => expression(rows))
      return plan.features.map((feature, i) => picked(plan, feature, columns, roomFor(i, rows.rows), where))
    },
  }
}

/** @param values where numbers are written to; as long as there are rows */
function picked({ lanes }: GroupPlan, feature: FeaturePlan, columns: readonly Column[], values: Float64Array, where: string): Column {
  const rows = values.length
  const { value, filter } = lanes[feature.lane]!
  const column = columns[value as number] as Column
  const passed = filter === undefined ? undefined : numberValues(columns[filter] as Column, where)
  const { type } = feature
  if (isStringColumn(column)) {
    const codes = column.codes.slice(0, rows)
    if (passed !== undefined) for (let i = 0; i < rows; i++) if (passed[i] !== 1) codes[i] = -1
    return { type, codes, dictionary: column.dictionary }
  }
  pickNumbers(numberValues(column, where, rows), values, feature.default)
  if (passed !== undefined) for (let i = 0; i < rows; i++) if (passed[i] !== 1) values[i] = feature.default
  return { type, values }
}

/** Adding 0 makes +0 of -0; the default, or the one NaN, takes the place of any NaN. */
function pickNumbers(numbers: Float64Array, values: Float64Array, fallback: number): void {
  for (let i = 0; i < values.length; i++) {
    const value = numbers[i]!
    values[i] = value === value ? value + 0 : fallback
  }
}

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
   * which each has one of the rows.
   * @throws PrescoreError `lossy_cast`
   */
  compute(rows: Chunk): readonly Column[]
}

/** @param group of which {@link picksOnly} holds. @throws PrescoreError as `compileGroup` does */
export function compileSingleRow(group: FeatureGroupDefinition, rowScope: Scope, zone: string | undefined, where: string): SingleRowGroup {
  const plan = planGroup(group, rowScope, zone, where)
  return {
    columnsUsed: plan.columnsUsed,
    compute: rows => {
      const columns = plan.expressions.map(expression => expression(rows))
      return plan.features.map(feature => picked(plan, feature, columns, rows.rows, where))
    },
  }
}

function picked({ lanes }: GroupPlan, feature: FeaturePlan, columns: readonly Column[], rows: number, where: string): Column {
  const { value, filter } = lanes[feature.lane]!
  const column = columns[value as number] as Column
  const passed = filter === undefined ? undefined : numberValues(columns[filter] as Column, where)
  const { type } = feature
  if (isStringColumn(column)) {
    const codes = column.codes.slice(0, rows)
    if (passed !== undefined) for (let i = 0; i < rows; i++) if (passed[i] !== 1) codes[i] = -1
    return { type, codes, dictionary: column.dictionary }
  }
  const values = pickedNumbers(numberValues(column, where, rows), rows, feature.default)
  if (passed !== undefined) for (let i = 0; i < rows; i++) if (passed[i] !== 1) values[i] = feature.default
  return { type, values }
}

/** Adding 0 makes +0 of -0; the default, or the one NaN, takes the place of any NaN. */
function pickedNumbers(numbers: Float64Array, rows: number, fallback: number): Float64Array {
  const values = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    const value = numbers[i]!
    values[i] = value === value ? value + 0 : fallback
  }
  return values
}

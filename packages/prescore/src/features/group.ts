/**
 * The features of a group for any (key, as-of) rows. One as-of for all keys is the special case, for which there is a shorter way.
 * Pure: the same events and queries give the same bits, in whatever order, chunks or number of keys they come.
 */
import type { Column, Scope, StringColumn, ValueType } from '../expressions/index.ts'
import type { FeatureGroupDefinition } from '../project/index.ts'
import { textsOf } from './lane-values.ts'
import { Moment } from './moment.ts'
import { type FeaturePlan, planGroup } from './plan.ts'
import { Sweeps } from './sweeps.ts'
import { type ClockName, checkAllTimes, type EventColumns, type QueryColumns } from './timeline.ts'

/** A feature group ready to compute. */
export interface CompiledGroup {
  /** Of the features, in the order of the definition. */
  readonly names: readonly string[]
  readonly types: readonly ValueType[]
  /** The source's columns that values and filters refer to. */
  readonly columnsUsed: ReadonlySet<string>
  /** How far before an as-of an event can count: the longest window + delay. Undefined: without bound. */
  readonly longestUs: number | undefined
  /** How far after an as-of, and at least at it, an event can count: rows of a table that hold from the as-of on do. */
  readonly aheadUs: number
  /**
   * A column for each feature, as long as the queries. NaN (texts: code -1) is missing; no number is -0.
   * @param keyOf the key number of each event, from 0 to `keys` - 1; -1: of no key.
   * @throws PrescoreError `missing_time`, `time_out_of_range`, `lossy_cast`
   */
  compute(events: EventColumns, keyOf: Int32Array, keys: number, queries: QueryColumns, clock: ClockName): readonly Column[]
}

/**
 * @param rowScope the source's columns as `row.<column>`, with their types.
 * @param zone of the source: its clocks tell calendar windows.
 * @param where names the group in messages.
 * @throws PrescoreError `project_invalid`, `wrong_type`, `zone_missing`
 */
export function compileGroup(group: FeatureGroupDefinition, rowScope: Scope, zone: string | undefined, where: string): CompiledGroup {
  const plan = planGroup(group, rowScope, zone, where)
  const isShared = (feature: FeaturePlan) =>
    plan.features.some(other => other !== feature && other.lane === feature.lane && other.cell === feature.cell)
  return {
    names: plan.features.map(({ name }) => name),
    types: plan.features.map(({ type }) => type),
    columnsUsed: plan.columnsUsed,
    longestUs: plan.longestUs,
    aheadUs: plan.aheadUs,
    compute: (events, keyOf, keys, queries, clock) => {
      checkAllTimes(events, queries, clock)
      const asked = { events, keyOf, keys, queries, clock, where }
      const chunk = { rows: events.rows, columns: events.columns }
      const columns = plan.expressions.map(expression => expression(chunk))
      const [atMoment, sweeps] = [Moment.of(asked), new Sweeps(asked)]
      const results = plan.lanes.map(lane => {
        const cells = atMoment?.compute(lane, columns)
        return cells === undefined ? { cells: sweeps.compute(lane, columns), hasOneNaN: true } : { cells, hasOneNaN: false }
      })
      return plan.features.map(feature => {
        const { cells, hasOneNaN } = results[feature.lane]!
        const isFinished = hasOneNaN && Number.isNaN(feature.default) && !isShared(feature)
        return finish(feature, cells, textsOf(plan.lanes[feature.lane]!, columns), { isShared: isShared(feature), isFinished })
      })
    },
  }
}

/**
 * The default, or the one NaN, in the place of any NaN: engines may give them different bits.
 * @param how.isShared whether another feature has the same cell.
 * @param how.isFinished whether the cell is the feature's values already.
 */
function finish(
  { type, cell, default: fallback }: FeaturePlan,
  cells: readonly Float64Array[],
  texts: readonly string[] | undefined,
  { isShared, isFinished }: { readonly isShared: boolean; readonly isFinished: boolean },
): Column {
  const results = cells[cell]!
  if (type.kind === 'string') {
    const codes = Int32Array.from(results, code => (code === code ? code : -1))
    return { type, codes, dictionary: texts as readonly string[] } satisfies StringColumn
  }
  if (isFinished) return { type, values: results }
  const values = isShared ? results.slice() : results
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!
    if (value !== value) values[i] = fallback
  }
  return { type, values }
}

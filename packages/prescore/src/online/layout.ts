/**
 * What is kept of an event for a group: when it happened, when it was known, and **fields**: its id where it decides which of
 * two events of the same time is the first or the last, then a value for each distinct (value, filter) of the group's lanes.
 */
import type { GroupPlan, LanePlan, Statistic } from '../features/index.ts'
import type { SourceDefinition } from '../project/index.ts'

/** How ids are kept: int64 as two numbers, texts as codes. */
export type TieKind = 'none' | 'int64' | 'text'

/** The values of a lane, or of several that differ by their delay only. NaN: the event does not count, or its value is missing. */
export interface ValueField {
  /** Indexes into the plan's expressions, as in its lanes. */
  readonly value: number | undefined
  readonly filter: number | undefined
  /** It does not matter which value an event has, only that it has one: 1 stands for all. */
  readonly presenceOnly: boolean
  readonly isText: boolean
  readonly withSums: boolean
  readonly withSquares: boolean
  readonly withDistinct: boolean
}

export interface LaneLayout {
  readonly plan: LanePlan
  /** Index into `values`: those that tell whether an event counts. */
  readonly value: number
  /** Those of which one is picked; the same but where missing ones are kept. */
  readonly picked: number
}

/** What a lane wants to be kept of an event. */
interface Want {
  readonly value: number | undefined
  readonly filter: number | undefined
  readonly statistics: readonly Statistic[]
}

export interface Layout {
  readonly tie: TieKind
  /** Fields before the values. */
  readonly tieFields: number
  readonly values: readonly ValueField[]
  readonly lanes: readonly LaneLayout[]
  /** Of all fields, whether they hold codes of texts. */
  readonly isText: readonly boolean[]
}

export function layoutOf(plan: GroupPlan, source: SourceDefinition): Layout {
  const tie = tieOf(plan, source)
  const byValue = Map.groupBy(plan.lanes.flatMap(wantsOf), nameOf)
  const values = [...byValue.values()].map(wants => valueField(plan, wants))
  const keys = [...byValue.keys()]
  const lanes = plan.lanes.map(lane => {
    const [value, picked] = wantsOf(lane).map(want => keys.indexOf(nameOf(want))) as [number, number | undefined]
    return { plan: lane, value, picked: picked ?? value }
  })
  const ties = { none: [], int64: [false, false], text: [true] }[tie]
  return { tie, tieFields: ties.length, values, lanes, isText: [...ties, ...values.map(({ isText }) => isText)] }
}

function wantsOf({ value, filter, cells, keepsMissing }: LanePlan): Want[] {
  const statistics = cells.map(({ statistic }) => statistic)
  if (!keepsMissing) return [{ value, filter, statistics }]
  return [
    { value: undefined, filter, statistics: [] },
    { value, filter: undefined, statistics },
  ]
}

function nameOf({ value, filter }: Want): string {
  return `${value} ${filter}`
}

function tieOf(plan: GroupPlan, { id, columns }: SourceDefinition): TieKind {
  const usesEnds = plan.lanes.some(({ cells }) => cells.some(({ statistic }) => statistic === 'first' || statistic === 'last'))
  if (!usesEnds || id === undefined) return 'none'
  return columns[id] === 'string' ? 'text' : 'int64'
}

function valueField(plan: GroupPlan, wants: readonly Want[]): ValueField {
  const { value, filter } = wants[0]!
  const statistics = new Set(wants.flatMap(({ statistics }) => statistics))
  const uses = (...some: Statistic[]) => some.some(statistic => statistics.has(statistic))
  const presenceOnly = value === undefined || !uses('sum', 'mean', 'std', 'min', 'max', 'first', 'last', 'distinct', 'mode')
  const isText = !presenceOnly && plan.expressions[value]?.type.kind === 'string'
  return {
    value,
    filter,
    presenceOnly,
    isText,
    withSums: uses('sum', 'mean', 'std'),
    withSquares: uses('std'),
    withDistinct: uses('distinct'),
  }
}

/**
 * The features of a group for any (key, as-of) rows. One as-of for all keys is the special case, for which there is a shorter way.
 * Pure: the same events and queries give the same bits, in whatever order, chunks or number of keys they come.
 */
import { type Column, type Scope, type StringColumn, takeRows, type ValueType } from '../expressions/index.ts'
import type { FeatureGroupDefinition } from '../project/index.ts'
import { Answers, type Sheet } from './answers.ts'
import type { KeyFilter } from './key-filter.ts'
import { textsOf } from './lane-values.ts'
import { type LaneResults, Moment, type MomentAsked, type MomentShare } from './moment.ts'
import { type FeaturePlan, type GroupPlan, type LanePlan, planGroup } from './plan.ts'
import { Room } from './room.ts'
import { type Asked, Sweeps } from './sweeps.ts'
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
  /**
   * The same, laid out on sheets that are of all queries.
   * @param room that is written to meanwhile; nothing of it is in the answer.
   */
  answer(...asked: [...Parameters<CompiledGroup['compute']>, sheets: readonly Sheet[], room?: Room]): readonly (readonly Column[])[]
  /**
   * The same as of one moment, for events that are not all at hand. Undefined: some features need all events at once.
   * @throws PrescoreError `time_out_of_range`
   */
  atMoment(asked: Omit<MomentAsked, 'where'>): MomentFeatures | undefined
}

/**
 * @param rowScope the source's columns as `row.<column>`, with their types.
 * @param zone of the source: its clocks tell calendar windows.
 * @param where names the group in messages.
 * @throws PrescoreError `project_invalid`, `wrong_type`, `zone_missing`
 */
export function compileGroup(group: FeatureGroupDefinition, rowScope: Scope, zone: string | undefined, where: string): CompiledGroup {
  const plan = planGroup(group, rowScope, zone, where)
  return {
    names: plan.features.map(({ name }) => name),
    types: plan.features.map(({ type }) => type),
    columnsUsed: plan.columnsUsed,
    longestUs: plan.longestUs,
    aheadUs: plan.aheadUs,
    compute: (events, keyOf, keys, queries, clock) =>
      answered(plan, { events, keyOf, keys, queries, clock, where }, [{ queries: queries.asOfUs.length }])[0]!,
    answer: (events, keyOf, keys, queries, clock, sheets, room) =>
      answered(plan, { events, keyOf, keys, queries, clock, where }, sheets, room),
    atMoment: asked => {
      if (!plan.lanes.every(Moment.serves)) return undefined
      const moment = Moment.of(plan.lanes, { ...asked, where })
      return moment === undefined ? undefined : new MomentFeatures(plan, moment)
    },
  }
}

function answered(plan: GroupPlan, asked: Asked, sheets: readonly Sheet[], room = new Room()): readonly (readonly Column[])[] {
  const { events, keyOf, queries, clock, where } = asked
  checkAllTimes(events, queries, clock)
  const columns = plan.expressions.map(expression => expression({ rows: events.rows, columns: events.columns }))
  const answers = new Answers(plan, sheets, room)
  const atOnce = servedAtOnce(plan, queries)
  const moment = atOnce.length === 0 ? undefined : Moment.of(atOnce, momentAsked(events, queries, clock, where))
  if (moment !== undefined) {
    moment.add(events, columns, keysOf(keyOf))
    const every = Int32Array.from(queries.keyOf.keys())
    moment.results().forEach(({ cells, texts }, i) => answers.put(plan.lanes.indexOf(atOnce[i]!), cells, texts, every))
  }
  const sweeps = new Sweeps(asked, room)
  plan.lanes.forEach((lane, i) => {
    if (moment !== undefined && atOnce.includes(lane)) return
    const { cells, rows } = sweeps.compute(lane, columns)
    answers.put(i, cells, textsOf(lane, columns), rows)
  })
  return answers.columns()
}

/** The lanes that are put together from bands, if all is asked as of one moment. */
function servedAtOnce({ lanes }: GroupPlan, { asOfUs }: QueryColumns): readonly LanePlan[] {
  return asOfUs.length > 0 && asOfUs.every(us => us === asOfUs[0]) ? lanes.filter(Moment.serves) : []
}

function momentAsked({ tie }: EventColumns, { keyOf, asOfUs }: QueryColumns, clock: ClockName, where: string): MomentAsked {
  return { keys: keysOf(keyOf), asOfUs: asOfUs[0]!, clock, withTies: tie !== undefined, where }
}

/** Key numbers as keys. */
function keysOf(numbers: Int32Array): Float64Array {
  return Float64Array.from(numbers, number => (number < 0 ? Number.NaN : number))
}

function finished({ features }: GroupPlan, results: readonly LaneResults[]): readonly Column[] {
  const isShared = (feature: FeaturePlan) =>
    features.some(other => other !== feature && other.lane === feature.lane && other.cell === feature.cell)
  return features.map(feature => {
    const { cells, texts, hasOneNaN } = results[feature.lane]!
    const isFinished = hasOneNaN && Number.isNaN(feature.default) && !isShared(feature)
    return finish(feature, cells, texts, { isShared: isShared(feature), isFinished })
  })
}

/** The features of a group as of one moment, from events that come in any order and any number of chunks. */
export class MomentFeatures {
  readonly #plan: GroupPlan
  readonly #moment: Moment

  constructor(plan: GroupPlan, moment: Moment) {
    this.#plan = plan
    this.#moment = moment
  }

  /** Tells the keys that are asked for. */
  get filter(): KeyFilter {
    return this.#moment.filter
  }

  /**
   * From now on events are kept for several that ask for the same features, each of other keys. Before anything is added.
   * @param filters by owner. @param self which of them this is
   */
  shareWith(filters: readonly KeyFilter[], self: number): void {
    this.#moment.shareWith(filters, self)
  }

  /** What was added for another owner. It is forgotten here. */
  shareOf(owner: number): MomentShare {
    return this.#moment.shareOf(owner)
  }

  /** Adds what another has read. */
  receive(share: MomentShare): void {
    this.#moment.receive(share)
  }

  /**
   * @param keys of the events, as those that ask; NaN: none
   * @param ownerOf for whom each event is, where they are kept for several; below 0: nobody
   * @throws PrescoreError `missing_time`, `time_out_of_range`, `lossy_cast`: of events of keys that are asked for
   */
  add(events: EventColumns, keys: Float64Array, ownerOf?: Int32Array): void {
    try {
      this.#moment.add(events, this.#values(events), keys, ownerOf)
    } catch (error) {
      if (ownerOf !== undefined) throw error
      // Perhaps of an event that nobody asks for.
      const wanted = this.#moment.wanted(events, keys)
      const own = takeEvents(events, wanted)
      this.#moment.add(own, this.#values(own), take(keys, wanted))
    }
  }

  /** A column for each feature, row by row as they ask. What was added is forgotten. */
  columns(): readonly Column[] {
    return finished(this.#plan, this.#moment.results())
  }

  #values({ rows, columns }: EventColumns): readonly Column[] {
    return this.#plan.expressions.map(expression => expression({ rows, columns }))
  }
}

function takeEvents({ timeUs, knownAtUs, tie, columns }: EventColumns, rows: Int32Array): EventColumns {
  return {
    rows: rows.length,
    timeUs: take(timeUs, rows),
    knownAtUs: take(knownAtUs, rows),
    ...(tie === undefined ? {} : { tie: take(tie, rows) }),
    columns: new Map([...columns].map(([name, column]) => [name, takeRows(column, rows)])),
  }
}

function take(values: Float64Array, rows: Int32Array): Float64Array {
  return Float64Array.from(rows, row => values[row]!)
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

/** Which events a feature's window holds, and which of them count: what the kernel sums up, event by event. */
import { type Column, numberValues } from '../expressions/index.ts'
import { type GroupPlan, groupRows, laneValues, planGroup, type Segments } from '../features/index.ts'
import type { HistoryEvents } from '../history/index.ts'
import { type FeatureGroupDefinition, rowScope } from '../project/index.ts'
import type { SourceAt } from '../sources/index.ts'

/** A moment that a key is asked about. */
export interface Moment {
  /** The key's number; -1: it has no events. */
  readonly key: number
  readonly asOfUs: number
  /** Up to where the source's log had been read; absent: to its end. */
  readonly position?: number
}

/** Events of a window, by their place among those of the source; in the order of their event times. */
export interface WindowView {
  /** Event times in [fromUs, untilUs); −Infinity: since ever. */
  readonly fromUs: number
  readonly untilUs: number
  readonly entered: readonly number[]
  /** Its condition does not hold. */
  readonly filtered: readonly number[]
  /** They have no value. */
  readonly missing: readonly number[]
  /** Known after the as-of. */
  readonly late: readonly number[]
  /** Known by then, but not read from the log yet. */
  readonly unread: readonly number[]
}

export class GroupView {
  readonly events: HistoryEvents
  readonly #plan: GroupPlan
  readonly #columns: readonly Column[]
  readonly #byKey: Segments
  readonly #where: string

  constructor({ name, definition }: SourceAt, group: FeatureGroupDefinition, events: HistoryEvents) {
    this.#where = `sources.${name}`
    this.events = events
    this.#plan = planGroup(group, rowScope(definition), definition.zone, this.#where)
    const { rows, columns } = events.events
    this.#columns = this.#plan.expressions.map(expression => expression({ rows, columns }))
    const keys = [...events.queryKeys, ...events.keyOf].reduce((most, key) => Math.max(most, key + 1), 0)
    this.#byKey = groupRows(events.keyOf, keys)
  }

  window(feature: string, moment: Moment): WindowView {
    const { lane, cell } = this.#plan.features.find(({ name }) => name === feature) as GroupPlan['features'][number]
    const { delayUs, cells, keepsMissing, value, filter } = this.#plan.lanes[lane] as GroupPlan['lanes'][number]
    const untilUs = moment.asOfUs - delayUs
    const fromUs = (cells[cell] as (typeof cells)[number]).window.startUs(untilUs)
    const { timeUs } = this.events.events
    const rows = this.#rowsOf(moment.key).filter(row => timeUs[row]! >= fromUs && timeUs[row]! < untilUs)
    rows.sort((a, b) => timeUs[a]! - timeUs[b]!)
    const condition = filter === undefined ? undefined : numberValues(this.#columns[filter] as Column, this.#where)
    const worth = laneValues(value === undefined || keepsMissing ? undefined : this.#columns[value], undefined, { rows }, true, this.#where)
    const view = {
      entered: [] as number[],
      filtered: [] as number[],
      missing: [] as number[],
      late: [] as number[],
      unread: [] as number[],
    }
    rows.forEach((row, i) => {
      if (condition !== undefined && condition[row] !== 1) view.filtered.push(row)
      else if (worth[i] !== worth[i]) view.missing.push(row)
      else if (this.events.events.knownAtUs[row]! > moment.asOfUs) view.late.push(row)
      else if (this.events.positions[row]! > (moment.position ?? Number.POSITIVE_INFINITY)) view.unread.push(row)
      else view.entered.push(row)
    })
    return { fromUs, untilUs, ...view }
  }

  /** What the feature takes of an event; undefined: it counts events as they are. */
  valueColumn(feature: string): Column | undefined {
    const { lane } = this.#plan.features.find(({ name }) => name === feature) as GroupPlan['features'][number]
    const { value } = this.#plan.lanes[lane] as GroupPlan['lanes'][number]
    return value === undefined ? undefined : this.#columns[value]
  }

  #rowsOf(key: number): Int32Array {
    const { starts, rows } = this.#byKey
    return key < 0 ? new Int32Array(0) : rows.slice(starts[key], starts[key + 1])
  }
}

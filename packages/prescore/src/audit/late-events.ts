/** The events that make the difference between what was served and what is known now, by id. */
import { formatInstant } from '../base/index.ts'
import { historyEvents } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { Change } from './compare.ts'
import { type PinnedSource, type Recomputation, readPositions } from './recompute.ts'
import type { LateEvent } from './report.ts'
import { requestRows, valueAt } from './rows.ts'
import { GroupView } from './window-view.ts'

/** Events told at most; the others are counted. */
const TOLD_MAX = 1_000

interface Counted {
  event: Omit<LateEvent, 'answers'>
  answers: number
}

export class LateEvents {
  readonly #database: Database
  readonly #found = new Map<string, Counted>()

  constructor(database: Database) {
    this.#database = database
  }

  /** Finds the events of changed answers of one ground. @returns for each, whether there were any */
  async find(recomputation: Recomputation, sources: ReadonlyMap<string, PinnedSource>, changed: readonly Change[]): Promise<boolean[]> {
    const explained = changed.map(() => new Set<string>())
    for (const { name, definition, keys } of recomputation.assembly.joins) {
      const own = [...changed.keys()].filter(i => changed[i]!.joins.some(([join]) => join === name))
      if (own.length === 0) continue
      const answers = own.map(i => changed[i]!.answer)
      const { at, pin } = sources.get(definition.source)!
      const asOfUs = Float64Array.from(answers, each => each.asOfUs)
      const { id } = at.definition
      const request = { group: definition, keys: keys(requestRows(recomputation.prediction, answers)), asOfUs }
      const view = new GroupView(at, definition, await historyEvents(this.#database, at, pin, request, id === undefined ? [] : [id]))
      const positions = readPositions(answers, definition.source)
      own.forEach((i, row) => {
        const moment = { key: view.events.queryKeys[row]!, asOfUs: asOfUs[row]!, position: positions[row]! }
        for (const [join, feature] of changed[i]!.joins) {
          if (join !== name) continue
          const { late, unread } = view.window(feature, moment)
          for (const event of late) explained[i]!.add(this.#note(at.name, id, view, event, 'late'))
          for (const event of unread) explained[i]!.add(this.#note(at.name, id, view, event, 'unread'))
        }
      })
    }
    for (const names of explained) for (const name of names) this.#found.get(name)!.answers++
    return explained.map(names => names.size > 0)
  }

  /** Those that changed the most answers first. */
  report(): { readonly lateEvents: readonly LateEvent[]; readonly moreLateEvents: number } {
    const all = [...this.#found.values()].sort((a, b) => b.answers - a.answers || (a.event.eventTime < b.event.eventTime ? -1 : 1))
    const told = all.slice(0, TOLD_MAX).map(({ event, answers }) => ({ ...event, answers }))
    return { lateEvents: told, moreLateEvents: all.length - told.length }
  }

  /** @returns what tells the event from others */
  #note(source: string, id: string | undefined, view: GroupView, row: number, cause: LateEvent['cause']): string {
    const { events, positions } = view.events
    const [eventTime, knownAt] = [events.timeUs[row]!, events.knownAtUs[row]!]
    const value = id === undefined ? null : (valueAt(events.columns.get(`row.${id}`)!, row) as LateEvent['id'])
    const name = `${source} ${cause} ${value ?? `${positions[row]} ${eventTime} ${row}`}`
    const event = { source, id: value, eventTime: formatInstant(eventTime), knownAt: instantOf(knownAt), cause }
    if (!this.#found.has(name)) this.#found.set(name, { event, answers: 0 })
    return name
  }
}

function instantOf(us: number): string {
  return Number.isFinite(us) ? formatInstant(us) : 'never'
}

/**
 * When a cron expression is due in a zone. An expression names local times, and clocks change:
 *
 * - hours that are named: due when the zone's clocks first show the time or a later one. A time that they skip is due at the
 *   change, together with all others that were skipped; one that they show twice is due once, the first time.
 * - an hour of `*`, or a step of it: due each time that the clocks show such a time: never while they skip it, twice where they do.
 */
import { PrescoreError } from '../base/index.ts'
import { type ZoneRules, zoneRules } from '../expressions/index.ts'
import { type Cron, parseCron } from '../project/index.ts'

const MINUTE_US = 60_000_000
const DAY_US = 1_440 * MINUTE_US
/** 29 February comes within so many days, and so does any other. */
const DAYS_MAX = 9 * 366

export class DueTimes {
  readonly #cron: Cron
  readonly #zone: ZoneRules

  /** @throws PrescoreError `unknown_zone`, and what {@link parseCron} throws */
  constructor(cron: string, zone: string) {
    const rules = zoneRules(zone)
    if (rules === undefined) throw new PrescoreError('unknown_zone', { found: JSON.stringify(zone) })
    this.#zone = rules
    this.#cron = parseCron(cron)
  }

  /** The first that is later; undefined: there is none. */
  after(us: number): number | undefined {
    // One day back: where a zone crosses the date line, the clocks' day is not the one that follows.
    const day = this.#dayOf(us) - 1
    for (let i = 0; i <= DAYS_MAX; i++) {
      const found = this.#ofDay(day + i).find(due => due > us)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Those that lie after the one and not after the other, the latest first, at most so many. */
  between(afterUs: number, untilUs: number, most: number): readonly number[] {
    const found: number[] = []
    const first = this.#dayOf(afterUs) - 1
    for (let day = this.#dayOf(untilUs) + 1; day >= first && day > this.#dayOf(untilUs) - DAYS_MAX && found.length < most; day--)
      found.push(
        ...this.#ofDay(day)
          .filter(due => due > afterUs && due <= untilUs)
          .reverse(),
      )
    return [...new Set(found)].slice(0, most)
  }

  /** Days since the epoch, by the zone's clocks. */
  #dayOf(us: number): number {
    return Math.floor(this.#zone.toLocalUs(us) / DAY_US)
  }

  /** The moments of a local day, ascending. */
  #ofDay(day: number): readonly number[] {
    const { months, isDue, isEveryHour, hours, minutes } = this.#cron
    const date = new Date(day * 86_400_000)
    if (!months.has(date.getUTCMonth() + 1) || !isDue(date.getUTCDate(), date.getUTCDay())) return []
    if (isEveryHour) return this.#asTimeGoes(day)
    const locals = hours.flatMap(hour => minutes.map(minute => day * DAY_US + (hour * 60 + minute) * MINUTE_US))
    return [...new Set(locals.map(local => this.#zone.reachedUs(local)))]
  }

  #asTimeGoes(day: number): readonly number[] {
    const [hours, minutes] = [new Set(this.#cron.hours), new Set(this.#cron.minutes)]
    const [fromUs, untilUs] = [this.#zone.reachedUs(day * DAY_US), this.#zone.reachedUs((day + 1) * DAY_US)]
    const found: number[] = []
    for (let us = Math.ceil(fromUs / MINUTE_US) * MINUTE_US; us < untilUs; us += MINUTE_US) {
      const minute = Math.floor(this.#zone.toLocalUs(us) / MINUTE_US)
      if (Math.floor(minute / 1_440) === day && minutes.has(minute % 60) && hours.has(Math.floor(minute / 60) % 24)) found.push(us)
    }
    return found
  }
}

/** The carried time-zone data, read at first use: when each zone's offset from UTC changes. */
import { readFileSync } from 'node:fs'

/** [names, offsets in seconds, times of change, index of the offset from each change on, yearly changes from the last time on] */
type Row = readonly [names: readonly string[], offsets: readonly number[], times: string, indexes: string, yearly: readonly Yearly[]]
/** A week of 5 is the month's last; weekday 0 is Sunday; seconds count from midnight as the offset before the change tells it. */
type Yearly = readonly [month: number, week: number, weekday: number, seconds: number, offsetBefore: number, offsetAfter: number]

/** From `timeSeconds` (since the epoch, UTC) on, local time is UTC + `offsetSeconds`. */
export interface Change {
  readonly timeSeconds: number
  readonly offsetSeconds: number
}

/** Beyond it no time can be written: 2^53 µs. */
const LAST_YEAR = 2255

let loaded: { readonly version: string; readonly rows: ReadonlyMap<string, Row> } | undefined

function data() {
  if (loaded !== undefined) return loaded
  const { version, zones } = JSON.parse(readFileSync(new URL('zones.json', import.meta.url), 'utf8')) as { version: string; zones: Row[] }
  loaded = { version, rows: new Map(zones.flatMap(row => row[0].map(name => [name, row] as const))) }
  return loaded
}

/** The release of the tz database, such as '2026f'. */
export function zonesVersion(): string {
  return data().version
}

export function zoneNames(): readonly string[] {
  return [...data().rows.keys()]
}

/** The zone's offsets from the beginning of time (-Infinity) to its end, each another than the one before; undefined for an unknown name. */
export function changesOf(name: string): Change[] | undefined {
  const row = data().rows.get(name)
  if (row === undefined) return undefined
  const [, offsets, times, indexes, yearly] = row
  const changes: Change[] = [{ timeSeconds: Number.NEGATIVE_INFINITY, offsetSeconds: offsets[0] as number }]
  let timeSeconds = 0
  for (const [i, difference] of (times === '' ? [] : times.split(' ')).entries()) {
    timeSeconds += Number.parseInt(difference, 36)
    changes.push({ timeSeconds, offsetSeconds: offsets[Number.parseInt(indexes[i] as string, 36)] as number })
  }
  changes.push(...goingOn(yearly, timeSeconds))
  return changes.filter(({ offsetSeconds }, i) => offsetSeconds !== changes[i - 1]?.offsetSeconds)
}

/** The yearly changes after a time, ascending. */
function goingOn(yearly: readonly Yearly[], afterSeconds: number): Change[] {
  const changes: Change[] = []
  for (let year = new Date(afterSeconds * 1000).getUTCFullYear(); year <= LAST_YEAR; year++) {
    for (const [month, week, weekday, seconds, offsetBefore, offsetSeconds] of yearly) {
      const timeSeconds = Date.UTC(year, month - 1, dayOf(year, month, week, weekday)) / 1000 + seconds - offsetBefore
      if (timeSeconds > afterSeconds) changes.push({ timeSeconds, offsetSeconds })
    }
  }
  return changes.sort((a, b) => a.timeSeconds - b.timeSeconds)
}

/** The day of the month of its n-th Sunday, Monday …, or of the last one. */
function dayOf(year: number, month: number, week: number, weekday: number): number {
  const first = new Date(Date.UTC(year, month - 1, 1)).getUTCDay()
  const day = 1 + ((weekday - first + 7) % 7) + (week - 1) * 7
  const length = new Date(Date.UTC(year, month, 0)).getUTCDate()
  return day > length ? day - 7 : day
}

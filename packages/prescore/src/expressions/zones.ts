/**
 * Time zones by rules that Prescore carries (`zones/zones.json`, from the IANA tz database), not by those of the machine
 * or of Node: every machine reads a local time alike. Where a zone's law foresees yearly changes they go on to 2255, the
 * end of representable time; elsewhere the last offset stays.
 */
import { contentHash, nearest, type Problem, problem } from '../base/index.ts'
import { type Change, changesOf, zoneNames, zonesVersion } from './zones/changes.ts'

/** Conversions of integer microseconds; NaN (missing) stays NaN. None allocates, and ascending times are the fastest. */
export interface ZoneRules {
  readonly name: string
  /** Identifies the rules themselves: two machines with the same digest convert every time alike. */
  readonly digest: string
  toLocalUs(utcUs: number): number
  /** A repeated local time means its first occurrence; a skipped one is moved forward by the length of the gap. */
  toUtcUs(localUs: number): number
  /** The first moment at which the zone's clocks show this local time or a later one. */
  reachedUs(localUs: number): number
  /** No two offsets of the zone differ by more. */
  readonly spreadUs: number
}

const known = new Map<string, ZoneRules>()

/** The rules of an IANA zone or of an older name of one (`US/Eastern`), as written there; undefined for an unknown name. */
export function zoneRules(name: string): ZoneRules | undefined {
  const made = known.get(name)
  if (made !== undefined) return made
  const changes = changesOf(name)
  if (changes === undefined) return undefined
  const rules = rulesOf(name, changes)
  known.set(name, rules)
  return rules
}

/** The finding that a zone's name is not known, with the name that may have been meant. */
export function unknownZone(name: string, where: string): Problem {
  const near = nearest(name, zoneNames())
  const fix = near === undefined ? undefined : `Did you mean \`${near}\`?`
  return problem('unknown_zone', where, JSON.stringify(name), `a name in the tz database ${zonesVersion()}`, fix)
}

function rulesOf(name: string, changes: readonly Change[]): ZoneRules {
  const offsetsUs = Float64Array.from(changes, ({ offsetSeconds }) => offsetSeconds * 1e6)
  const utcOffsetUs = offsetAt(
    Float64Array.from(changes, ({ timeSeconds }) => timeSeconds * 1e6),
    offsetsUs,
  )
  const localOffsetUs = offsetAt(Float64Array.from(changes.map(localStartUs)), offsetsUs)
  return Object.freeze({
    name,
    digest: contentHash(changes).slice(0, 16),
    toLocalUs: (utcUs: number) => utcUs + utcOffsetUs(utcUs),
    toUtcUs: (localUs: number) => localUs - localOffsetUs(localUs),
    reachedUs: reachedUs(changes),
    spreadUs: Math.max(...offsetsUs) - Math.min(...offsetsUs),
  })
}

/** Where clocks skip a local time, that is the moment of the change, which `toUtcUs` need not give; where they tell it twice, the first. */
function reachedUs(changes: readonly Change[]): (localUs: number) => number {
  const startsUs = Float64Array.from(changes, ({ timeSeconds }) => timeSeconds * 1e6)
  const offsetsUs = Float64Array.from(changes, ({ offsetSeconds }) => offsetSeconds * 1e6)
  // The latest local time that was shown before each change.
  const shownUs = new Float64Array(changes.length).fill(Number.NEGATIVE_INFINITY)
  for (let i = 1; i < changes.length; i++) shownUs[i] = Math.max(shownUs[i - 1]!, startsUs[i]! + offsetsUs[i - 1]!)
  return localUs => {
    const at = lastAtOrBefore(shownUs, localUs)
    return Math.max(startsUs[at]!, localUs - offsetsUs[at]!)
  }
}

/**
 * The local time from which a change holds when local times are converted. Clocks go back: from the end of the hour that is
 * told twice, as its times mean the first occurrence. Clocks go forward: from the end of the gap, as its times take the offset
 * before, which moves them forward by its length.
 */
function localStartUs({ timeSeconds, offsetSeconds }: Change, i: number, changes: readonly Change[]): number {
  const before = changes[i - 1]?.offsetSeconds ?? offsetSeconds
  return (timeSeconds + Math.max(before, offsetSeconds)) * 1e6
}

/** A function that finds the offset of a time: that of the last start at or before it. It tries the one found last first. */
function offsetAt(startsUs: Float64Array, offsetsUs: Float64Array): (us: number) => number {
  let at = 0
  let fromUs = Number.NEGATIVE_INFINITY
  let untilUs = startsUs[1] ?? Number.POSITIVE_INFINITY
  return us => {
    if (us < fromUs || us >= untilUs) {
      at = lastAtOrBefore(startsUs, us)
      fromUs = startsUs[at] as number
      untilUs = startsUs[at + 1] ?? Number.POSITIVE_INFINITY
    }
    return offsetsUs[at] as number
  }
}

function lastAtOrBefore(startsUs: Float64Array, us: number): number {
  let low = 0
  let high = startsUs.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((startsUs[middle] as number) <= us) low = middle
    else high = middle
  }
  return low
}

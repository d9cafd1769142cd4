/** Where the windows of a feature lie: all end together, at the as-of less the delay, and begin earlier or later. */
import { PrescoreError } from '../base/index.ts'
import { zoneRules } from '../expressions/index.ts'
import type { AggregationDefinition } from '../project/index.ts'
import { periodsOf } from './periods.ts'

export interface Window {
  /** Equal names: the same windows. */
  readonly name: string
  /** Where all windows are of one length; Infinity: all that lies before. Undefined: lengths differ. */
  readonly lengthUs: number | undefined
  /** No window is longer. */
  readonly longestUs: number
  /** The first moment in the window that ends at, and without, a moment. It never goes back as that goes on. */
  startUs(endUs: number): number
  /** The last end of a window that an event belongs to. */
  lastEndUs(timeUs: number): number
}

/**
 * @param zone whose clocks tell calendar windows.
 * @throws PrescoreError `zone_missing`
 */
export function windowOf({ windowUs, period }: AggregationDefinition, zone: string | undefined, where: string): Window {
  if (period === undefined) return ofLength(windowUs ?? Number.POSITIVE_INFINITY)
  const rules = zone === undefined ? undefined : zoneRules(zone)
  if (rules === undefined) throw new PrescoreError('zone_missing', { where, found: `the window \`${period}\`` })
  const { longestUs, beginUs, nextUs } = periodsOf(period, rules)
  return { name: period, lengthUs: undefined, longestUs, startUs: beginUs, lastEndUs: timeUs => nextUs(timeUs) - 1 }
}

function ofLength(lengthUs: number): Window {
  return {
    name: String(lengthUs),
    lengthUs,
    longestUs: lengthUs,
    startUs: endUs => endUs - lengthUs,
    lastEndUs: timeUs => timeUs + lengthUs,
  }
}

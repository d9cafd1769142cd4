/** Whether a run as of now would find its windows empty, as the data ends long before: pure. */
import type { AggregationDefinition, PeriodName, PredictionDefinition, ProjectDefinition } from '../project/index.ts'

const HOUR_US = 3_600_000_000
const DAY_US = 24 * HOUR_US
/** No period is longer, whatever its zone's clocks do. */
const PERIOD_US: Readonly<Record<PeriodName, number>> = {
  thisHour: 3 * HOUR_US,
  today: 2 * DAY_US,
  thisWeek: 8 * DAY_US,
  thisMonth: 32 * DAY_US,
}

/** Events that end before every window of now. */
export interface OldData {
  readonly source: string
  /** When the newest of them was known. */
  readonly newestUs: number
  /** How far back what a run reads of them reaches. */
  readonly reachUs: number
  /** The whole hour after: as of then the windows have something in them. */
  readonly asOfUs: number
}

/**
 * Undefined where some window, or the population, still reaches an event, or looks at all of the past.
 * @param newest when the newest event of each source was known; events of a source that is not there may be new
 */
export function oldData(
  sources: ProjectDefinition['sources'],
  { joins, population }: Pick<PredictionDefinition, 'joins' | 'population'>,
  newest: ReadonlyMap<string, number>,
  nowUs: number,
): OldData | undefined {
  const reaches = new Map<string, number>()
  const reach = (source: string, us: number) => reaches.set(source, Math.max(reaches.get(source) ?? 0, us))
  for (const { source, features } of Object.values(joins))
    if (sources[source]?.type === 'events') for (const feature of Object.values(features)) reach(source, reachOf(feature))
  if (population?.sinceUs !== undefined) reach(population.source, population.sinceUs)
  const old = [...reaches].map(([source, reachUs]): OldData => {
    const newestUs = newest.get(source) ?? nowUs
    return { source, newestUs, reachUs, asOfUs: (Math.floor(newestUs / HOUR_US) + 1) * HOUR_US }
  })
  if (old.length === 0 || old.some(({ newestUs, reachUs }) => newestUs + reachUs >= nowUs)) return undefined
  return old.toSorted((a, b) => b.asOfUs - a.asOfUs)[0]
}

function reachOf({ windowUs, period, delayUs }: AggregationDefinition): number {
  const lengthUs = windowUs ?? (period === undefined ? Number.POSITIVE_INFINITY : PERIOD_US[period])
  return lengthUs + delayUs
}

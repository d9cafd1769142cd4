/** What a schedule asks for now: pure, from when it is due, what was done of it, and the time. */
import { createHash } from 'node:crypto'
import { PrescoreError } from '../base/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import { DueTimes } from './due.ts'

/** A due time that is later than this when it could be started was missed. */
export const GRACE_US = 60_000_000
/** Missed due times that `catchUp: 'all'` makes up for, the latest. */
const CATCH_UP_MAX = 100
/** Due times that are told as skipped at once. */
const SKIPPED_MAX = 1_000

export interface Schedule {
  readonly prediction: string
  readonly cron: string
  readonly zone: string
  readonly catchUp: CatchUp
  /** How long after each due time it starts: always the same for a prediction. */
  readonly delayUs: number
  readonly due: DueTimes
}

type CatchUp = 'skip' | 'last' | 'all'

export interface Decision {
  /** The due time to be run now. */
  readonly startUs?: number
  /** Missed, and not to be made up for, the latest first; no more than a thousand are told. */
  readonly skippedUs: readonly number[]
}

/** The schedule of a prediction; undefined: it has none. @throws PrescoreError `zone_missing`, `unknown_zone` */
export function scheduleOf({ name, zone, policy }: PredictionDefinition): Schedule | undefined {
  const { schedule: cron, catchUp = 'last', jitterUs = 0 } = policy
  if (cron === undefined) return undefined
  if (zone === undefined) throw new PrescoreError('zone_missing', { where: `predictions.${name}.policy.schedule` })
  return { prediction: name, cron, zone, catchUp, delayUs: delayOf(name, jitterUs), due: new DueTimes(cron, zone) }
}

/** @param handledUs up to which due time everything was done or given up. */
export function decide({ due, catchUp, delayUs }: Schedule, handledUs: number, nowUs: number): Decision {
  const missed = due.between(handledUs, nowUs - delayUs, SKIPPED_MAX)
  const [latest] = missed
  if (latest === undefined) return { skippedUs: [] }
  if (catchUp === 'skip' && nowUs - delayUs - latest > GRACE_US) return { skippedUs: missed }
  if (catchUp !== 'all') return { startUs: latest, skippedUs: missed.slice(1) }
  const wanted = missed.slice(0, CATCH_UP_MAX)
  return { startUs: wanted.at(-1) as number, skippedUs: missed.slice(CATCH_UP_MAX) }
}

/** Spread over the jitter by the prediction's name, in whole seconds. */
function delayOf(name: string, jitterUs: number): number {
  const seconds = Math.floor(jitterUs / 1_000_000)
  return seconds === 0 ? 0 : (createHash('sha256').update(name).digest().readUInt32BE() % seconds) * 1_000_000
}

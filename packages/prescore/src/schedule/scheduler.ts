/**
 * Runs what is due, one run of a prediction at a time. Each due time is the as-of of its run, so that doing it twice comes to the
 * same run:
 *
 *   due ─► started (noted) ─► exit 0, 3: handled      1, 2: handled, and told: trying again would not help
 *                       └──► exit 75, killed: tried again after a pause, until it is done or another due time takes its place
 */
import { asPrescoreError, type Clock, type PrescoreError } from '../base/index.ts'
import { decide, GRACE_US, type Schedule } from './decide.ts'
import type { Handled, Ledger } from './ledger.ts'
import type { RunDesk } from './run-desk.ts'
import type { RunEnd } from './run-process.ts'

/** How often the clock is looked at. */
const TICK_MS = 250
/** Before a run is tried again: doubled each time. */
const PAUSE_MS = { first: 30_000, most: 600_000 }
const TRIES_DOUBLED_MAX = 10

/** What happens to a schedule. */
export type ScheduleEvent =
  | { readonly event: 'started'; readonly prediction: string; readonly asOfUs: number; readonly isLate: boolean }
  | {
      readonly event: 'ended'
      readonly prediction: string
      readonly asOfUs: number
      readonly outcome: Outcome
      readonly failure?: PrescoreError
    }
  | { readonly event: 'skipped'; readonly prediction: string; readonly asOfUs: readonly number[] }
  | { readonly event: 'stuck'; readonly prediction: string; readonly failure: PrescoreError }

/** `again`: it will be tried again. */
export type Outcome = 'done' | 'gated' | 'failed' | 'again'

export interface SchedulerParts {
  readonly schedules: readonly Schedule[]
  readonly desk: Pick<RunDesk, 'start'>
  readonly ledger: Ledger
  readonly clock: Clock
  /** Of a schedule that was never run, what was due before it is nobody's to do. */
  readonly sinceUs: number
  readonly onEvent: (event: ScheduleEvent) => void
  /** Asked after each run that has ended, before the next one of the prediction. */
  readonly afterRun?: () => Promise<void>
}

interface Standing {
  readonly schedule: Schedule
  handled: Handled | undefined
  running: Promise<void> | undefined
  tries: number
  /** By `performance.now()`: not before. */
  notBeforeMs: number
  stuck: string | undefined
}

export class Scheduler {
  readonly #parts: SchedulerParts
  readonly #standings: readonly Standing[]
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    const fresh = { handled: undefined, running: undefined, tries: 0, notBeforeMs: 0, stuck: undefined }
    this.#standings = parts.schedules.map(schedule => ({ schedule, ...fresh }))
  }

  start(): void {
    const look = async () => {
      await this.tick()
      if (!this.#isStopped) this.#timer = setTimeout(look, TICK_MS)
    }
    void look()
  }

  /** Starts what is due now. Never rejects. */
  async tick(): Promise<void> {
    for (const standing of this.#standings) {
      if (this.#isStopped) return
      try {
        await this.#look(standing)
        standing.stuck = undefined
      } catch (error) {
        this.#tellStuck(standing, asPrescoreError(error))
      }
    }
  }

  /** Starts nothing more; what is under way is the desk's. @returns whether something was cut off, which the next start goes on with */
  async stop(): Promise<boolean> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.idle()
    return this.#standings.some(({ handled }) => handled?.startedUs !== undefined)
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#standings.map(({ running }) => running))
  }

  async #look(standing: Standing): Promise<void> {
    const { schedule } = standing
    const { clock, ledger, sinceUs, onEvent } = this.#parts
    if (standing.running !== undefined) return
    const nowUs = clock.nowUs()
    standing.handled ??= await ledger.read(schedule.prediction)
    if (standing.handled === undefined) await this.#note(standing, { handledUs: sinceUs })
    const { handledUs, startedUs } = standing.handled as Handled
    const { startUs, skippedUs } = decide(schedule, startedUs ?? handledUs, nowUs)
    const replaced = startUs !== undefined && schedule.catchUp !== 'all'
    if (startedUs !== undefined && !replaced) return this.#resume(standing, startedUs)
    const left = [...skippedUs, ...(startedUs === undefined ? [] : [startedUs])]
    if (left.length > 0) onEvent({ event: 'skipped', prediction: schedule.prediction, asOfUs: left })
    if (startUs !== undefined) return this.#begin(standing, startUs, nowUs)
    const [latest] = left
    if (latest !== undefined) await this.#note(standing, { handledUs: latest })
  }

  async #resume(standing: Standing, asOfUs: number): Promise<void> {
    if (performance.now() >= standing.notBeforeMs) await this.#run(standing, asOfUs)
  }

  async #begin(standing: Standing, asOfUs: number, nowUs: number): Promise<void> {
    standing.tries = 0
    // Of those before it, each was done or is skipped.
    await this.#note(standing, { handledUs: Math.max(standing.handled?.handledUs ?? 0, asOfUs - 1), startedUs: asOfUs })
    await this.#run(standing, asOfUs, nowUs - standing.schedule.delayUs - asOfUs > GRACE_US)
  }

  async #run(standing: Standing, asOfUs: number, isLate = true): Promise<void> {
    const { prediction } = standing.schedule
    const { ended } = this.#parts.desk.start({ prediction, asOfUs, publish: 'gated', reason: 'scheduled' })
    this.#parts.onEvent({ event: 'started', prediction, asOfUs, isLate })
    standing.running = ended
      .then(end => this.#ended(standing, asOfUs, end))
      .catch((error: unknown) => this.#tellStuck(standing, asPrescoreError(error)))
      .finally(() => {
        standing.running = undefined
      })
  }

  async #ended(standing: Standing, asOfUs: number, { exitCode, failure }: RunEnd): Promise<void> {
    const outcome = outcomeOf(exitCode)
    const { prediction } = standing.schedule
    if (outcome === 'again') {
      standing.notBeforeMs =
        performance.now() + Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(standing.tries++, TRIES_DOUBLED_MAX))
    } else await this.#note(standing, { handledUs: asOfUs })
    this.#parts.onEvent({ event: 'ended', prediction, asOfUs, outcome, ...(failure === undefined ? {} : { failure }) })
    if (outcome !== 'again') await this.#parts.afterRun?.()
  }

  async #note(standing: Standing, handled: Handled): Promise<void> {
    await this.#parts.ledger.write(standing.schedule.prediction, handled)
    standing.handled = handled
  }

  /** Once, until something else is wrong. */
  #tellStuck(standing: Standing, failure: PrescoreError): void {
    // A run that was started by hand: it is waited for.
    if (failure.code === 'busy' || standing.stuck === failure.message) return
    standing.stuck = failure.message
    this.#parts.onEvent({ event: 'stuck', prediction: standing.schedule.prediction, failure })
  }
}

/** By the exit codes that the command line documents. */
function outcomeOf(exitCode: number | null): Outcome {
  if (exitCode === 0) return 'done'
  if (exitCode === 3) return 'gated'
  return exitCode === 75 || exitCode === null ? 'again' : 'failed'
}

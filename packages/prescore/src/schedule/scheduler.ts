/**
 * Runs what is due, one run of a prediction at a time. Each due time is the as-of of its run, so that doing it twice comes to the
 * same run:
 *
 *   due ─► started (noted) ─► exit 0, 3: handled      1, 2: handled, and told: trying again would not help
 *                       └──► exit 75, killed: tried again after a pause, until it is done or another due time takes its place
 */
import { asPrescoreError, type Clock, type PrescoreError } from '../base/index.ts'
import { decide, GRACE_US, type Schedule } from './decide.ts'
import type { Holder, Lease } from './lease.ts'
import type { Handled, Ledger } from './ledger.ts'
import type { RunDesk } from './run-desk.ts'
import type { RunEnd } from './run-process.ts'
import { type DueOutcome, tallied } from './tallies.ts'

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
      /** It stays staged, as a run of a later as-of is served. */
      readonly isPassed?: boolean
      readonly failure?: PrescoreError
    }
  | { readonly event: 'skipped'; readonly prediction: string; readonly asOfUs: readonly number[]; readonly why: SkipReason }
  /** Another process runs the schedules: this one starts nothing until that has ended. */
  | { readonly event: 'waiting'; readonly holder: Holder }
  | { readonly event: 'took_over' }
  /** Events of a log that are old enough to be dropped stay. */
  | { readonly event: 'kept'; readonly source: string; readonly why: string }
  | { readonly event: 'stuck'; readonly prediction: string; readonly failure: PrescoreError }

/** `again`: it will be tried again. */
export type Outcome = Extract<DueOutcome, 'done' | 'gated' | 'failed' | 'again'>
/** Of due times that are not made up for. */
export type SkipReason = Extract<DueOutcome, 'overlapped' | 'missed' | 'given_up'>
const SKIP_REASONS: readonly SkipReason[] = ['given_up', 'overlapped', 'missed']

export interface SchedulerParts {
  readonly schedules: readonly Schedule[]
  readonly desk: Pick<RunDesk, 'start'>
  readonly ledger: Ledger
  /** Held while anything is started or noted. */
  readonly lease: Pick<Lease, 'hold' | 'isHeld' | 'release'>
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
  /** When the last run that was begun here began and ended; it goes on where there is no end. */
  busy: { readonly fromUs: number; readonly untilUs?: number } | undefined
  /** Whether what was noted as started has really been: it waits while a run that was started by hand goes on. */
  isBegun: boolean
  /** Whether it began more than a minute after it was due, and that is not noted yet. */
  isLate: boolean
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
  /** Who runs the schedules, where that is another process. */
  #holder: Holder | undefined

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    const idle = { handled: undefined, running: undefined, busy: undefined, isBegun: true, isLate: false }
    this.#standings = parts.schedules.map(schedule => ({ schedule, ...idle, tries: 0, notBeforeMs: 0, stuck: undefined }))
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
    if (!(await this.#leads())) return
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
    await this.#parts.lease.release()
    return this.#standings.some(({ handled }) => handled?.startedUs !== undefined)
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all(this.#standings.map(({ running }) => running))
  }

  /** Whether this process runs the schedules. What another one has noted meanwhile is read anew. */
  async #leads(): Promise<boolean> {
    const { lease, onEvent } = this.#parts
    try {
      const holder = await lease.hold()
      const before = this.#holder
      this.#holder = holder
      if (holder !== undefined && (before?.pid !== holder.pid || before.sinceUs !== holder.sinceUs)) {
        for (const standing of this.#standings) standing.handled = undefined
        onEvent({ event: 'waiting', holder })
      } else if (holder === undefined && before !== undefined) onEvent({ event: 'took_over' })
      return holder === undefined
    } catch (error) {
      for (const standing of this.#standings) this.#tellStuck(standing, asPrescoreError(error))
      return false
    }
  }

  async #look(standing: Standing): Promise<void> {
    const { schedule } = standing
    const { clock, ledger, sinceUs, onEvent } = this.#parts
    if (standing.running !== undefined) return
    const nowUs = clock.nowUs()
    standing.handled ??= ledger.read(schedule.prediction)
    if (standing.handled === undefined) await this.#note(standing, { handledUs: sinceUs })
    const { handledUs, startedUs } = standing.handled as Handled
    const { startUs, skippedUs } = decide(schedule, startedUs ?? handledUs, nowUs)
    const replaced = startUs !== undefined && schedule.catchUp !== 'all'
    if (startedUs !== undefined && !replaced) return this.#resume(standing, startedUs)
    const left = [...skippedUs, ...(startedUs === undefined ? [] : [startedUs])]
    const skipped = reasonsOf(standing, left, nowUs)
    const before = standing.handled?.tallies ?? {}
    const tallies = skipped.reduce((all, [why, asOfUs]) => tallied(all, why, asOfUs, nowUs), before)
    const [latest] = left
    // Of those before the one to be started, each was done or is skipped.
    if (startUs !== undefined) await this.#note(standing, { handledUs: Math.max(handledUs, startUs - 1), startedUs: startUs }, tallies)
    else if (latest !== undefined) await this.#note(standing, { handledUs: latest }, tallies)
    for (const [why, asOfUs] of skipped) onEvent({ event: 'skipped', prediction: schedule.prediction, asOfUs, why })
    if (startUs === undefined) return
    Object.assign(standing, { tries: 0, notBeforeMs: 0, isBegun: false })
    this.#run(standing, startUs, nowUs)
  }

  #resume(standing: Standing, asOfUs: number): void {
    if (performance.now() >= standing.notBeforeMs) this.#run(standing, asOfUs)
  }

  #run(standing: Standing, asOfUs: number, nowUs = this.#parts.clock.nowUs()): void {
    const { prediction, delayUs } = standing.schedule
    const { ended } = this.#parts.desk.start({ prediction, asOfUs, publish: 'latest', reason: 'scheduled' })
    const isLate = nowUs - delayUs - asOfUs > GRACE_US
    if (!standing.isBegun) standing.isLate = isLate
    standing.isBegun = true
    standing.busy = { fromUs: nowUs }
    standing.running = ended
      .then(end => this.#ended(standing, asOfUs, end))
      .catch((error: unknown) => this.#tellStuck(standing, asPrescoreError(error)))
      .finally(() => {
        standing.running = undefined
      })
    this.#parts.onEvent({ event: 'started', prediction, asOfUs, isLate })
  }

  async #ended(standing: Standing, asOfUs: number, { exitCode, isPassed = false, failure }: RunEnd): Promise<void> {
    const outcome = outcomeOf(exitCode)
    const { prediction } = standing.schedule
    const nowUs = this.#parts.clock.nowUs()
    const ended = { event: 'ended', prediction, asOfUs, outcome, ...(isPassed ? { isPassed } : {}) } as const
    const told = failure === undefined ? ended : { ...ended, failure }
    // Another process took over: it notes what comes of the run, which is its own as well.
    if (standing.handled === undefined || !(await this.#parts.lease.isHeld())) return this.#parts.onEvent(told)
    if (standing.busy !== undefined) standing.busy = { ...standing.busy, untilUs: nowUs }
    if (outcome === 'again')
      standing.notBeforeMs =
        performance.now() + Math.min(PAUSE_MS.most, PAUSE_MS.first * 2 ** Math.min(standing.tries++, TRIES_DOUBLED_MAX))
    const why = failure === undefined ? {} : { failure: { code: failure.code, message: failure.message } }
    const before = standing.handled.tallies ?? {}
    const tallies = tallied(standing.isLate ? tallied(before, 'late', [asOfUs], nowUs) : before, outcome, [asOfUs], nowUs)
    const handled = outcome === 'again' ? standing.handled : { handledUs: asOfUs }
    await this.#note(standing, { ...handled, last: { dueUs: asOfUs, outcome, atUs: nowUs, ...why } }, tallies)
    standing.isLate = false
    this.#parts.onEvent(told)
    if (outcome !== 'again') await this.#parts.afterRun?.()
  }

  /** What was counted, and how the last run ended, stay where nothing else is given. */
  async #note(standing: Standing, handled: Handled, tallies = standing.handled?.tallies): Promise<void> {
    const { last } = standing.handled ?? {}
    const noted = { ...(last === undefined ? {} : { last }), ...handled, ...(tallies === undefined ? {} : { tallies }) }
    await this.#parts.ledger.write(standing.schedule.prediction, noted)
    standing.handled = noted
  }

  /** Once, until something else is wrong. */
  #tellStuck(standing: Standing, failure: PrescoreError): void {
    // A run that was started by hand: it is waited for.
    if (failure.code === 'busy' || standing.stuck === failure.message) return
    standing.stuck = failure.message
    this.#parts.onEvent({ event: 'stuck', prediction: standing.schedule.prediction, failure })
  }
}

/** Why due times are not run, each with its own, the latest first. */
function reasonsOf({ schedule, handled, busy, isBegun }: Standing, left: readonly number[], nowUs: number) {
  const whyOf = (dueUs: number): SkipReason => {
    if (dueUs === handled?.startedUs) return isBegun ? 'given_up' : 'overlapped'
    const atUs = dueUs + schedule.delayUs
    return busy !== undefined && atUs >= busy.fromUs && atUs <= (busy.untilUs ?? nowUs) ? 'overlapped' : 'missed'
  }
  return SKIP_REASONS.map(why => [why, left.filter(dueUs => whyOf(dueUs) === why)] as const).filter(([, { length }]) => length > 0)
}

/** By the exit codes that the command line documents. */
function outcomeOf(exitCode: number | null): Outcome {
  if (exitCode === 0) return 'done'
  if (exitCode === 3) return 'gated'
  return exitCode === 75 || exitCode === null ? 'again' : 'failed'
}

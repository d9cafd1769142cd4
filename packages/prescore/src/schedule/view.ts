/** How the schedules of a project stand: when they are due, and what became of it, as whoever ran them has noted it. */
import { asPrescoreError, type PrescoreError } from '../base/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import { GRACE_US, type Schedule, scheduleOf } from './decide.ts'
import type { Handled, Ledger } from './ledger.ts'

/** No expression goes without a due time for longer. */
const LOOK_BACK_US = 9 * 366 * 86_400_000_000

export interface ScheduleState {
  readonly schedule: Schedule
  /** The next due time; undefined: there is none. */
  readonly nextUs: number | undefined
  /** The last due time that has passed. */
  readonly passedUs: number | undefined
  /** What was done of it; undefined: no scheduler has looked at it here, or see `failure`. */
  readonly handled: Handled | undefined
  /** For how long the last due time has waited for somebody to start it, beyond its time. */
  readonly overdueUs: number | undefined
  /** Why what was done cannot be read. */
  readonly failure: PrescoreError | undefined
}

export class ScheduleView {
  readonly #schedules: ReadonlyMap<string, Schedule>
  readonly #ledger: Ledger

  constructor(predictions: Iterable<PredictionDefinition>, ledger: Ledger) {
    this.#schedules = new Map([...predictions].flatMap(each => readable(each) ?? []).map(each => [each.prediction, each]))
    this.#ledger = ledger
  }

  /** Of a prediction; undefined: it has no schedule. */
  state(prediction: string, nowUs: number): ScheduleState | undefined {
    const schedule = this.#schedules.get(prediction)
    if (schedule === undefined) return undefined
    const { due, delayUs } = schedule
    const [passedUs] = due.between(nowUs - delayUs - LOOK_BACK_US, nowUs - delayUs, 1)
    const times = { schedule, nextUs: due.after(nowUs), passedUs }
    try {
      const handled = this.#ledger.read(prediction)
      const lateUs = passedUs === undefined ? 0 : nowUs - delayUs - passedUs
      const waits = handled !== undefined && handled.startedUs === undefined && (passedUs ?? 0) > handled.handledUs && lateUs > GRACE_US
      return { ...times, handled, overdueUs: waits ? lateUs : undefined, failure: undefined }
    } catch (error) {
      return { ...times, handled: undefined, overdueUs: undefined, failure: asPrescoreError(error) }
    }
  }
}

/** `check` tells what is wrong with the others. */
function readable(prediction: PredictionDefinition): Schedule | undefined {
  try {
    return scheduleOf(prediction)
  } catch {
    return undefined
  }
}

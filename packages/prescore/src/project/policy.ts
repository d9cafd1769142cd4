/** The policy of a prediction: where its answers come from, how old they may be, and when runs are due. */
import { checkSettings, type DurationText, type Settings } from '../base/index.ts'
import type { Mode, PolicyDefinition, PredictionValue } from './types.ts'
import { durationUs } from './window.ts'

interface ScheduleOptions {
  /** Five cron fields. */
  readonly cron: string
  /**
   * Runs start up to so long after they are due, by the prediction's name: so that not all start at once.
   * @default none
   * @error invalid_window
   */
  readonly jitter?: DurationText
  /**
   * Of due times that were missed: none, the last, or all.
   * @default 'last'
   * @error invalid_value
   */
  readonly catchUp?: 'skip' | 'last' | 'all'
}

export interface PolicyOptions {
  /**
   * Where answers come from: the published run, the model at request time, or the one while it is fresh and else the other.
   * @error invalid_value, no_population
   */
  readonly mode: Mode
  /**
   * When a batch runs: a cron expression in the prediction's zone, also with what else there is to say of it.
   * @default none
   * @error invalid_value, zone_missing
   */
  readonly schedule?: string | ScheduleOptions
  /**
   * A stored answer older than this is stale.
   * @default none: it stays fresh
   * @error invalid_window, stale
   */
  readonly maxAge?: DurationText
  /**
   * A live answer on data that lags more than this is degraded.
   * @default none: any lag will do
   * @error invalid_window, ingest_lag
   */
  readonly maxLag?: DurationText
  /**
   * A step that has not answered by then is passed over.
   * @default none
   * @error invalid_window, deadline_exceeded
   */
  readonly deadline?: DurationText
  /**
   * A live answer is given again to the same request for this long.
   * @default none: each is computed
   * @error invalid_window
   */
  readonly remember?: DurationText
  /**
   * The answer when nothing else can answer; `{ value: null }` answers null.
   * @default none: then the answer is an error
   * @error invalid_value, no_answer
   */
  readonly default?: { readonly value: PredictionValue; readonly reason?: string }
}

const POLICY: Settings<PolicyOptions> = {
  mode: 'required',
  schedule: 'optional',
  maxAge: 'optional',
  maxLag: 'optional',
  deadline: 'optional',
  remember: 'optional',
  default: 'optional',
}
const SCHEDULE: Settings<ScheduleOptions> = { cron: 'required', jitter: 'optional', catchUp: 'optional' }
const DEFAULT: Settings<NonNullable<PolicyOptions['default']>> = { value: 'required', reason: 'optional' }

export function policyOf(policy: PolicyOptions): PolicyDefinition {
  checkSettings(policy, POLICY, 'policy')
  const { mode, schedule, maxAge, maxLag, deadline, remember, default: fallback } = policy
  if (fallback !== undefined) checkSettings(fallback, DEFAULT, 'policy.default')
  return Object.freeze({
    mode,
    ...(schedule === undefined ? {} : scheduleOf(schedule)),
    ...(maxAge === undefined ? {} : { maxAgeUs: durationUs(maxAge, 'policy.maxAge') }),
    ...(maxLag === undefined ? {} : { maxLagUs: durationUs(maxLag, 'policy.maxLag') }),
    ...(deadline === undefined ? {} : { deadlineUs: durationUs(deadline, 'policy.deadline') }),
    ...(remember === undefined ? {} : { rememberUs: durationUs(remember, 'policy.remember') }),
    ...(fallback === undefined ? {} : { default: Object.freeze(fallback) }),
  })
}

function scheduleOf(schedule: string | ScheduleOptions): Pick<PolicyDefinition, 'schedule' | 'jitterUs' | 'catchUp'> {
  if (typeof schedule === 'string') return { schedule }
  checkSettings(schedule, SCHEDULE, 'policy.schedule')
  const { cron, jitter, catchUp } = schedule
  return {
    schedule: cron,
    ...(jitter === undefined ? {} : { jitterUs: durationUs(jitter, 'policy.schedule.jitter') }),
    ...(catchUp === undefined ? {} : { catchUp }),
  }
}

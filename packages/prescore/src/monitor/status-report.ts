/** How a project stands, on one screen: what is served, how old it is, what feeds it, and what should be done. Plain JSON data. */
import type { LastAudit } from '../audit/index.ts'
import type { GateResult } from '../batch/index.ts'
import type { Resolver } from '../resolve/index.ts'

export interface StatusReport {
  readonly now: string
  readonly predictions: readonly PredictionStatus[]
  readonly sources: readonly SourceStatus[]
  readonly warnings: readonly Warning[]
}

export interface PredictionStatus {
  readonly name: string
  readonly mode: string
  readonly schedule: string | null
  /** Null: it has no schedule. */
  readonly due: ScheduleStatus | null
  readonly maxAgeSeconds: number | null
  readonly maxLagSeconds: number | null
  /** The sources that its features read. */
  readonly reads: readonly string[]
  readonly hasDefault: boolean
  /** Null: nothing was published. */
  readonly serves: {
    readonly run: string
    readonly release: string
    readonly asOf: string
    readonly ageSeconds: number
    readonly dataThrough: string | null
    readonly publishedAt: string
    readonly keys: number
  } | null
  /** Why the published run cannot be read. */
  readonly failure: { readonly code: string; readonly message: string } | null
  /** Null: it has no live step here. */
  readonly live: ReturnType<Resolver['liveStatus']>
  /** The newest run that has finished, with its gates. */
  readonly lastRun: {
    readonly id: string
    readonly release: string
    readonly state: string
    readonly asOf: string
    readonly finishedAt: string
    readonly gates: readonly GateResult[]
  } | null
  /** The newest that was frozen. */
  readonly release: string | null
  /** Since the server started; null outside of one. */
  readonly answers: {
    readonly total: number
    readonly bySource: Readonly<Record<string, number>>
    readonly degraded: Readonly<Record<string, number>>
    readonly errors: Readonly<Record<string, number>>
  } | null
  /** Null: no answers are noted here, and no audit was made. */
  readonly audit: {
    /** Of live answers since the server started; null where none are noted. */
    readonly logged: number | null
    readonly dropped: number | null
    readonly last: LastAudit | null
  } | null
}

/** Of a prediction with a schedule. Due times are the as-ofs of its runs. */
export interface ScheduleStatus {
  readonly zone: string
  readonly catchUp: string
  /** Null: it never comes. */
  readonly next: string | null
  /** The last that has passed. */
  readonly passed: string | null
  /** Up to which everything was done or given up; null: no scheduler has looked at it here. */
  readonly handled: string | null
  /** Begun, and not ended. */
  readonly started: string | null
  /** For how long the last due time has waited for somebody to start it. */
  readonly overdueSeconds: number | null
  /** How the last run ended. */
  readonly last: {
    readonly due: string
    readonly outcome: string
    readonly at: string
    readonly ageSeconds: number
    readonly failure: { readonly code: string; readonly message: string } | null
  } | null
  /** What became of due times, by outcome; those of `late` have another one beside. */
  readonly outcomes: Readonly<Record<string, { readonly count: number; readonly lastDue: string; readonly ageSeconds: number }>>
  /** Due times that were not started in their time: `late`, `overlapped`, `missed` and `given_up`. */
  readonly misfires: number
  /** Why none of this can be read. */
  readonly failure: { readonly code: string; readonly message: string } | null
}

export interface SourceStatus {
  readonly name: string
  /** Of the last event in its log, and when it came. */
  readonly position: number | null
  readonly lastAt: string | null
  /** Of live features; null where none read it. */
  readonly applied: number | null
  readonly dataThrough: string | null
  readonly lagSeconds: number | null
  readonly failure: { readonly code: string; readonly message: string } | null
}

export interface Warning {
  readonly where: string
  readonly message: string
  readonly fix: string
}

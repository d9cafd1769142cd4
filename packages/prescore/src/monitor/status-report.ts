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

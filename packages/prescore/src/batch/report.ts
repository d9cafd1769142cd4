import type { RunRecord } from '../stores/index.ts'
import type { Estimate } from './estimate.ts'
import type { GateResult } from './gates/finding.ts'
import type { Distribution } from './gates/shift.ts'
import type { Stage } from './layout.ts'
import type { RescoredReport } from './rescored.ts'
import type { ValueSummary } from './staging.ts'

/** What came of a run, as the catalog keeps it. */
export type RunReport = {
  readonly rows: number
  readonly ok: number
  readonly rejected: Readonly<Record<string, number>>
  readonly missing: Readonly<Record<string, number>>
  /** Of a rescored run: what was computed anew and what was taken over, and from which run; the counts above are of all rows. */
  readonly rescored?: RescoredReport
  readonly gates: readonly GateResult[]
  readonly values: ValueSummary | null
  /** Null for vectors; absent, with the next two, in reports of before there were such gates. */
  readonly distribution?: Distribution | null
  readonly extent?: readonly [least: number, greatest: number] | null
  readonly isConstant?: boolean
  readonly digest: string
  readonly seconds: Readonly<Record<'plan' | Stage | 'stage', number>>
  /** Of its files, and of the process that finished it; absent in earlier reports. */
  readonly took?: { readonly bytes: number; readonly peakMb: number }
  /** What a dry run expected. */
  readonly expected?: Estimate
}

/** The report of a recorded run; undefined while it is only planned. */
export function reportOf({ report }: RunRecord): RunReport | undefined {
  return report === null ? undefined : (report as RunReport)
}

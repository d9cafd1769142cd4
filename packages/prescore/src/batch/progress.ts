import type { GateResult } from './gates/finding.ts'
import type { Stage } from './layout.ts'

/** What a run tells on its way. `rows` comes first with `done` 0, when its stage starts; without a total, how many there are is not known. */
export type RunProgress =
  | { readonly event: 'released'; readonly release: string; readonly created: boolean }
  | { readonly event: 'planned'; readonly run: string; readonly rows: number; readonly resumed: boolean }
  | { readonly event: 'rows'; readonly stage: Stage | 'stage'; readonly done: number; readonly total: number | undefined }
  | { readonly event: 'gates'; readonly gates: readonly GateResult[] }

export type OnProgress = (progress: RunProgress) => void

/** What a scan of one source told with its rows: how many there are in all. */
export interface ScanTotal {
  readonly source: string
  readonly total: number
}

/** Counts rows; those of a scan come with its total. */
export type OnRows = (rows: number, scan?: ScanTotal) => void

/** Announces a stage, and counts its rows from there. */
export function stageCounter(onProgress: OnProgress | undefined, stage: Stage | 'stage', total: number | undefined): OnRows {
  let done = 0
  const count = (rows: number) => {
    done += rows
    onProgress?.({ event: 'rows', stage, done, total })
  }
  count(0)
  return count
}

/**
 * Announces the stage that scans sources, and counts its rows. Each worker reads each source once; until a scan tells how many rows
 * it will meet, the total is undefined.
 */
export function scanCounter(onProgress: OnProgress | undefined, stage: Stage, sources: number, workers: number): OnRows {
  const totals = new Map<string, number>()
  let done = 0
  const tell = () => {
    const known = [...totals.values()].reduce((a, b) => a + b, 0)
    onProgress?.({ event: 'rows', stage, done, total: totals.size < sources ? undefined : Math.max(done, known * workers) })
  }
  tell()
  return (rows, scan) => {
    done += rows
    if (scan !== undefined) totals.set(scan.source, scan.total)
    tell()
  }
}

/** The seam of outputs: one file each, and a line in `outputs.ts`. */
import type { RunRecord } from '../../stores/index.ts'
import type { StoredRunFiles } from '../stored-run.ts'

export interface OutputWork {
  readonly run: StoredRunFiles
  /** Rows that have a value. */
  readonly ok: number
  /** Asked right before what was written becomes visible: false when another run was published meanwhile. */
  isServed(): boolean
  readonly signal: AbortSignal | undefined
}

export interface OutputWriter {
  /** Where a run goes, for people: without secrets. */
  targetOf(run: RunRecord): string
  /** Refuses what can be told before a run has begun. @throws PrescoreError `output_failed`, `package_missing` */
  prepare(): Promise<void>
  /**
   * Makes the run the one that readers of the output see: whole or not at all. Done again, it changes nothing.
   * @returns false when another run was published meanwhile, and nothing was changed
   */
  write(work: OutputWork): Promise<boolean>
  /** Whether the same may succeed a little later. */
  isPassing(error: unknown): boolean
  /** What to do about an error; undefined: nothing more exact is known than it says. */
  fixOf(error: unknown): string | undefined
}

/** A model as requests see it: one row in, one row's values out. */
import type { FloatType, Matrix } from '../runtime.ts'

export interface ScoreOptions {
  /** On the clock of `performance.now()`. A row that is still waiting then is not scored. */
  readonly deadlineAtMs?: number | undefined
  /** A row whose caller left is not scored. */
  readonly signal?: LeavingSignal | undefined
}

/** Tells when nobody waits any more: an AbortSignal is one, and so is what makes one only when somebody listens. */
export interface LeavingSignal {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What goes on in a served model. */
export interface ServingStats {
  /** Where it computes: in this thread, or in worker processes because a call takes long. */
  readonly place: 'inline' | 'workers'
  /** Time of a call of one row, measured when the model was opened. */
  readonly callMs: number
  /** Rows that one call may hold. */
  readonly rowsMax: number
  readonly waitingRows: number
  /** Rows in calls that are under way. */
  readonly runningRows: number
  /** Calls so far, with those under way, and the rows in them. */
  readonly batches: number
  readonly rows: number
  /** Rows that were refused because too many waited. */
  readonly overloaded: number
  /** Rows whose deadline passed. */
  readonly overdue: number
  /** Process ids of the workers that are ready. */
  readonly workers: readonly number[]
  /** Workers that died or were ended because a call took too long. */
  readonly replaced: number
}

/**
 * A model that serves requests one row at a time, and batches what piles up. It never waits for a batch to fill: while
 * it is idle, what arrives within one turn of the event loop is one call; behind a call that is under way, what arrived
 * meanwhile is the next. A row's bits are the same alone and in any batch.
 */
export interface ServedModel {
  readonly inputType: FloatType
  readonly outputType: FloatType
  /** Values of a row. */
  readonly width: number
  /** Positions of features that must hold whole numbers within ±2^53. */
  readonly wholeFeatures: readonly number[]
  /**
   * @param row one value for each feature, of the input type; copied before this returns.
   * @returns the row's values, in an array of their own: at once where the model computes so fast that nothing needs to wait, else a promise.
   * @throws PrescoreError, at once or by rejecting: `overloaded`, `deadline_exceeded`, `cancelled`, `model_failed`, `lossy_cast`, `invalid_value`
   */
  score(row: Matrix, options?: ScoreOptions): Matrix | Promise<Matrix>
  readonly stats: ServingStats
  /** Refuses new rows, answers those that are in, and frees the model; may be called again. */
  close(): Promise<void>
}

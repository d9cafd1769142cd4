/**
 * How a training set keeps within its memory: rows are finished in blocks, and features computed in parts of the keys, of so few rows and
 * events each that all threads together take no more. What waits for its turn lies in files beyond a share of it.
 */

/** What an event of a part takes while features are computed: its columns, and its places in the orders that windows need. */
const EVENT_BYTES = 160
/** What a row takes beside its features: its key, its as-of, its places. */
const ROW_BYTES = 64
/** Copies of a feature's cell: results, then pieces of them; of a block's: joined, assembled, for the model, stored. */
const FEATURE_BYTES = 16
const BLOCK_CELL_BYTES = 48
/** A block is a row group of the file, and a page a column: half a megabyte of doubles. */
const BLOCK_ROWS_MAX = 65_536
/** Each part is a scan. */
const PARTS_MAX = 4096
/** Fewer rows and events are not worth a thread of their own. */
const ROWS_OF_THREAD = 100_000

export interface Budget {
  readonly bytes: number
  readonly threads: number
}

/** Of the memory, what rows and what they ask for may each take while they wait. */
export function waitingBytes({ bytes }: Budget): number {
  return bytes / 12
}

/** Of the memory, what results may: a quarter that blocks need only when parts are done. */
export function resultBytes({ bytes }: Budget): number {
  return bytes / 4
}

export function blockRowsOf({ bytes, threads }: Budget, features: number): number {
  return Math.min(BLOCK_ROWS_MAX, Math.max(1, Math.floor(bytes / 4 / threads / (BLOCK_CELL_BYTES * (features + 4)))))
}

/** Into how many parts the keys are divided. One key is in one part, however many events it has. */
export function partsFor(
  { bytes, threads }: Budget,
  size: { readonly rows: number; readonly features: number; readonly events: number },
): number {
  const { rows, features, events } = size
  const needed = events * EVENT_BYTES + rows * (ROW_BYTES + features * FEATURE_BYTES)
  const least = Math.ceil(needed / (bytes / 2 / threads))
  const useful = Math.min(threads, Math.ceil((rows + events) / ROWS_OF_THREAD))
  // Parts are of about the same size: as many for each thread.
  const parts = least > 1 ? Math.ceil(least / threads) * threads : 1
  return Math.min(PARTS_MAX, Math.max(parts, useful))
}

/** Whether so many rows and events, of all sources, are worth starting threads for. */
export function isWorthThreads(rows: number): boolean {
  return rows >= 2 * ROWS_OF_THREAD
}

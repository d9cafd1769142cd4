/**
 * How a training set keeps within its memory: rows are finished in blocks, and features computed in parts of the keys, of so few rows and
 * events each that all threads together take no more. What waits for its turn lies in files beyond a share of it.
 */

/** What an event of a part takes while features are computed: its columns, and its places in the orders that windows need. */
const EVENT_BYTES = 160
/** What a row takes beside its features: its key, its as-of, its places. */
const ROW_BYTES = 64
/** Copies of a feature's cell: results, then pieces of them; of a block's: joined, assembled, staged. */
const FEATURE_BYTES = 24
const BLOCK_CELL_BYTES = 48
/** A block is a row group of the file: no larger than others make them. */
const BLOCK_ROWS_MAX = 122_880
/** Each part is a scan. */
const PARTS_MAX = 4096
/** Fewer rows and events are not worth a thread of their own. */
const ROWS_OF_THREAD = 100_000

export interface Budget {
  readonly bytes: number
  readonly threads: number
}

/** Of the memory, what may wait in it. */
export function waitingBytes({ bytes }: Budget): number {
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
  return Math.min(PARTS_MAX, Math.max(1, least, useful))
}

/** Whether so many rows and events, of all sources, are worth starting threads for. */
export function isWorthThreads(rows: number): boolean {
  return rows >= 2 * ROWS_OF_THREAD
}

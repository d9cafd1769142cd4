/**
 * How a training set keeps within its memory: rows are finished in blocks, and features computed in parts of the keys, of so few rows and
 * events each that all threads together take no more. What waits for its turn lies in files beyond a share of it.
 */

/** What an event of a part takes while features are computed: its columns, and its places in the orders that windows need. */
const EVENT_BYTES = 160
/** What a row takes beside its features: its key, its as-of, its places. */
const ROW_BYTES = 64
/** Copies of a feature's cell: results, then records of them; of a block's: joined, assembled, for the model, stored. */
const FEATURE_BYTES = 16
const BLOCK_CELL_BYTES = 48
/** A block is a row group of the file, and a page a column: half a megabyte of doubles. */
const BLOCK_ROWS_MAX = 65_536
/** Of more, pieces of each would be held of too many at once while events are sorted out. */
const PARTS_MAX = 4096
/** Pieces in which the events of a part are written: of fewer, the writing itself would count. */
const PIECE_ROWS_MIN = 64
const PIECE_ROWS_MAX = 1024
/** Fewer rows and events are not worth a thread of their own. */
const ROWS_OF_THREAD = 100_000

/** What the process takes without rows and events: Node and DuckDB, and each thread. */
const PROCESS_MB = 150
const THREAD_MB = 80
/** What waits to be collected while rows and events are worked on, whatever their number. */
const GARBAGE_MB = 85
/** What rows and events really take of their share: measured, half of it; the rest is for what is not like what was measured. */
const TAKEN = 0.65
/** With less for rows and events than this there would be too many parts. */
const WORK_MB_MIN = 80

/** How much of the memory of the process rows and events may take, in MB: never less than what they need at least. */
export function workMbOf(memoryMb: number, threads: number): number {
  return Math.max(WORK_MB_MIN, (memoryMb - PROCESS_MB - THREAD_MB * threads - GARBAGE_MB) / TAKEN)
}

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

/** How many events of a part are written together while they are sorted out. @param columns of an event */
export function pieceRowsOf({ bytes, threads }: Budget, parts: number, columns: number): number {
  return Math.min(PIECE_ROWS_MAX, Math.max(PIECE_ROWS_MIN, Math.floor(bytes / 4 / threads / (8 * parts * columns))))
}

/** Whether so many rows and events, of all sources, are worth starting threads for. */
export function isWorthThreads(rows: number): boolean {
  return rows >= 2 * ROWS_OF_THREAD
}

/** Scanned rows, and how some of them are taken. */
import { type Chunk, takeRows } from '../expressions/index.ts'

/** Rows whose columns are named `row.<column>`. */
export interface ScannedChunk extends Chunk {
  /** Event time. A row of a table without valid-from is valid since ever. */
  readonly timeUs: Float64Array
  /** Infinity where the declared arrival is missing: not known yet. The same array as the event times where nothing tells another moment. */
  readonly knownAtUs: Float64Array
  /** Of events of a log, their positions in it; absent: rows of files. */
  readonly positions?: Float64Array
}

/** Rows of files for which a condition over declared columns holds. */
export interface RowsNeeded {
  readonly sql: string
  /**
   * The same in code: which rows of a chunk, by columns as they are stored; valid until the next call. Undefined: all may be. Absent:
   * only the database can tell, or it leaves out so much that it is better asked.
   */
  readonly among?: (chunk: Chunk) => Int32Array | undefined
  /** Of all rows, about this share are needed; absent: not known. */
  readonly share?: number
}

/** Event times in [fromUs, untilUs); left out: no bound. */
export interface TimeRange {
  readonly fromUs?: number
  readonly untilUs?: number
}

/** Some rows of a chunk, in the given order. */
export function takeScanned(chunk: ScannedChunk, rows: ArrayLike<number>): ScannedChunk {
  const pick = (values: Float64Array) => Float64Array.from({ length: rows.length }, (_, i) => values[rows[i] as number] as number)
  const columns = new Map([...chunk.columns].map(([name, column]) => [name, takeRows(column, rows)] as const))
  const timeUs = pick(chunk.timeUs)
  const times = { timeUs, knownAtUs: chunk.knownAtUs === chunk.timeUs ? timeUs : pick(chunk.knownAtUs) }
  return { rows: rows.length, columns, ...times, ...(chunk.positions === undefined ? {} : { positions: pick(chunk.positions) }) }
}

/** The rows of the chunk that lie in the range; undefined when none does. */
export function withinRange(
  chunk: ScannedChunk,
  { fromUs = Number.NEGATIVE_INFINITY, untilUs = Number.POSITIVE_INFINITY }: TimeRange,
): ScannedChunk | undefined {
  const kept = new Int32Array(chunk.rows)
  let count = 0
  for (let i = 0; i < chunk.rows; i++) {
    const timeUs = chunk.timeUs[i] as number
    if (timeUs >= fromUs && timeUs < untilUs) kept[count++] = i
  }
  if (count === chunk.rows) return chunk
  return count === 0 ? undefined : takeScanned(chunk, kept.subarray(0, count))
}

/** Which training rows are wanted, and what they come as. */
import type { Chunk, Column } from '../expressions/index.ts'

export interface RowsRequest {
  /** As-of times in [fromUs, untilUs). */
  readonly fromUs?: number
  readonly untilUs?: number
  /** Share of the rows to take: the same ones each time, spread evenly by id (without one, by key and as-of). 1 by default. */
  readonly sample?: number
}

/** Chunks with columns `key.*`, `input.*`, `asOf`, and `row.*` where the label reads them. */
export interface TrainingRows {
  /** Of the columns, by name. */
  readonly types: ReadonlyMap<string, Column['type']>
  chunks(): AsyncGenerator<Chunk>
  /** Rows left out because their key has a missing column; of those that were asked for so far. */
  keyless(): number
}

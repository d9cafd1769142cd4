/** The rows of a source that requests ask about. */
import type { CompiledGroup } from '../features/index.ts'
import type { Database } from '../parquet/index.ts'
import { type RowsNeeded, type ScannedChunk, type ScanSlice, type SourceAt, type SourcePin, scanSource } from '../sources/index.ts'
import type { FeatureRequest } from './request.ts'

/** Who asks. */
export interface Asking {
  readonly request: FeatureRequest
  readonly compiled: CompiledGroup
  /** The first and last as-of; there is none where the first is greater. */
  readonly firstUs: number
  readonly lastUs: number
}

export interface ScanOptions {
  readonly columns: Iterable<string>
  /** All rows of the files whose keys are asked for: others need not be read. */
  readonly only?: RowsNeeded | undefined
  readonly slice?: ScanSlice
  /** Told now and then how many rows more were read, and how many there are to be read in all. */
  readonly onRows?: ((rows: number, total: number) => void) | undefined
}

/**
 * Hands over the rows whose event times can matter: none where nothing is asked for.
 * @param take must keep no array of a chunk.
 * @throws PrescoreError whatever scanning may throw
 */
export async function scanned(
  database: Database,
  source: SourceAt,
  pin: SourcePin,
  asking: readonly Asking[],
  { columns, only, slice, onRows }: ScanOptions,
  take: (chunk: ScannedChunk) => void,
): Promise<void> {
  const asked = asking.filter(({ firstUs, lastUs }) => firstUs <= lastUs)
  if (asked.length === 0) return
  const fromUs = Math.min(...asked.map(({ firstUs, compiled }) => firstUs - (compiled.longestUs ?? Number.POSITIVE_INFINITY)))
  const untilUs = Math.max(...asked.map(({ lastUs, compiled }) => lastUs + compiled.aheadUs))
  const more = {
    ...(only === undefined ? {} : { only }),
    ...(slice === undefined ? {} : { slice }),
    ...(onRows === undefined ? {} : { onRows }),
  }
  for await (const chunk of scanSource(database, source, pin, { columns, fromUs, untilUs, passing: true, ...more })) take(chunk)
}

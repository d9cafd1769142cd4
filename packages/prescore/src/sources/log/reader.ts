/** Committed events as chunks of columns. Each chunk is read in a snapshot of its own; nothing is held between chunks. */
import { PrescoreError, suggestion } from '../../base/index.ts'
import { type Chunk, takeRows } from '../../expressions/index.ts'
import type { ColumnKind, SourceDefinition } from '../../project/index.ts'
import { blockTimes, firstKeyFrom } from './block-key.ts'
import type { Layouts } from './declaration.ts'
import type { LogEnvironment } from './environment.ts'
import { RowDecoder, type RowSpan } from './row-decoder.ts'
import { type Segment, segmentsOf } from './segment.ts'
import { neededColumns, rowShaper, type ShapedRows } from './shape.ts'
import type { LogChunk, LogReadRequest } from './types.ts'

/** A chunk ends with the block that brings it to as many rows or bytes. */
const CHUNK_ROWS = 4096
const CHUNK_BYTES = 1024 * 1024
/** Keys of blocks fetched at once. */
const KEYS_AT_ONCE = 64

/** Positions in (after, upTo]. */
interface Positions {
  readonly after: number
  readonly upTo: number
}

/** Rows of one commit. */
interface LogSpan extends RowSpan {
  readonly firstPosition: number
  readonly clockUs: number
}

/** What one snapshot gives. */
interface Portion {
  readonly spans: LogSpan[]
  rows: number
  /** The last position that was looked at. */
  through: number
  /** All event times lie in the range asked for. */
  isWithin: boolean
}

export class LogReader {
  readonly #environment: LogEnvironment
  readonly #layouts: Layouts
  readonly #decoder: RowDecoder
  readonly #shape: (row: Chunk) => ShapedRows
  readonly #fromUs: number
  readonly #untilUs: number

  /** @throws PrescoreError `unknown_column` */
  constructor(environment: LogEnvironment, layouts: Layouts, definition: SourceDefinition, where: string, request: LogReadRequest) {
    const all = [...Object.keys(definition.columns), ...Object.keys(definition.derive)]
    const wanted = [...(request.columns ?? all)]
    const unknown = wanted.find(name => !all.includes(name))
    if (unknown !== undefined) throw new PrescoreError('unknown_column', { where: `${where}.${unknown}`, fix: suggestion(unknown, all) })
    const { declared, derived } = neededColumns(definition, wanted)
    this.#environment = environment
    this.#layouts = layouts
    this.#decoder = new RowDecoder([...declared].map(name => [name, definition.columns[name] as ColumnKind]))
    this.#shape = rowShaper(definition, derived, where)
    this.#fromUs = request.fromUs ?? Number.NEGATIVE_INFINITY
    this.#untilUs = request.untilUs ?? Number.POSITIVE_INFINITY
  }

  *read(afterPosition: number, upToPosition: number): Generator<LogChunk> {
    let after = afterPosition
    while (after < upToPosition) {
      this.#environment.refresh()
      const fromUs = Math.max(this.#fromUs, this.#environment.readHead().retainedFromUs)
      const portion = this.#portion({ after, upTo: upToPosition }, fromUs)
      after = portion.through
      const chunk = portion.rows === 0 ? undefined : this.#chunk(portion, fromUs)
      if (chunk !== undefined) yield chunk
    }
  }

  #portion(range: Positions, fromUs: number): Portion {
    const portion: Portion = { spans: [], rows: 0, through: range.after, isWithin: true }
    let bytes = 0
    for (;;) {
      const keys = this.#environment.blockKeys(firstKeyFrom(portion.through + 1), KEYS_AT_ONCE)
      for (const key of keys) {
        bytes += this.#addBlock(portion, key, range, fromUs)
        if (portion.through >= range.upTo || portion.rows >= CHUNK_ROWS || bytes >= CHUNK_BYTES) return portion
      }
      if (keys.length < KEYS_AT_ONCE) return { ...portion, through: range.upTo }
    }
  }

  /** Adds what is in range of a block. @returns how many bytes were read */
  #addBlock(portion: Portion, key: Buffer, range: Positions, fromUs: number): number {
    const { lastPosition, minTimeUs, maxTimeUs } = blockTimes(key)
    portion.through = lastPosition
    if (maxTimeUs < fromUs || minTimeUs >= this.#untilUs) return 0
    const block = this.#environment.readBlock(key)
    if (block === undefined) return 0
    if (minTimeUs < fromUs || maxTimeUs >= this.#untilUs) portion.isWithin = false
    for (const span of this.#spansOf(block, range)) {
      portion.spans.push(span)
      portion.rows += span.rows
    }
    return block.length
  }

  #spansOf(block: Buffer, range: Positions): LogSpan[] {
    return segmentsOf(block, this.#environment.folder).flatMap(segment => this.#span(block, segment, range) ?? [])
  }

  #span(block: Buffer, { layout: number, rows, firstPosition, clockUs, at }: Segment, { after, upTo }: Positions): LogSpan | undefined {
    const first = Math.max(0, after + 1 - firstPosition)
    const end = Math.min(rows, upTo + 1 - firstPosition)
    if (first >= end) return undefined
    const layout = this.#layouts.get(number)
    const starts = layout.rowStarts(block, at, end).subarray(first, end)
    return { layout, bytes: block, starts, rows: end - first, firstPosition: firstPosition + first, clockUs }
  }

  #chunk({ spans, rows, isWithin }: Portion, fromUs: number): LogChunk | undefined {
    const { columns, timeUs, arrivalUs } = this.#shape({ rows, columns: this.#decoder.decode(spans) })
    const chunk = { rows, columns, timeUs, ...numbered(spans, rows, arrivalUs) }
    return isWithin ? chunk : within(chunk, fromUs, this.#untilUs)
  }
}

/** Positions, and when each row was known: at the later of its declared arrival and the log's clock. */
function numbered(
  spans: readonly LogSpan[],
  rows: number,
  arrivalUs: Float64Array | undefined,
): { positions: Float64Array; knownAtUs: Float64Array } {
  const positions = new Float64Array(rows)
  const knownAtUs = new Float64Array(rows)
  let row = 0
  for (const span of spans) {
    for (let i = 0; i < span.rows; i++, row++) {
      const arrival = arrivalUs?.[row] ?? Number.NaN
      positions[row] = span.firstPosition + i
      knownAtUs[row] = arrival > span.clockUs ? arrival : span.clockUs
    }
  }
  return { positions, knownAtUs }
}

/** The rows whose event time lies in [fromUs, untilUs). */
function within({ rows, columns, timeUs, knownAtUs, positions }: LogChunk, fromUs: number, untilUs: number): LogChunk | undefined {
  const kept = new Int32Array(rows)
  let count = 0
  for (let i = 0; i < rows; i++) {
    const us = timeUs[i] as number
    if (us >= fromUs && us < untilUs) kept[count++] = i
  }
  if (count === 0) return undefined
  const taken = kept.subarray(0, count)
  const pick = (values: Float64Array) => Float64Array.from(taken, i => values[i] as number)
  const some = new Map([...columns].map(([name, column]) => [name, takeRows(column, taken)] as const))
  return { rows: count, columns: some, timeUs: pick(timeUs), knownAtUs: pick(knownAtUs), positions: pick(positions) }
}

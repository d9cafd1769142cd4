/** Some rows of a scored shard as the store takes them, and what the whole run is told of by: made in a worker, beside others. */
import { join } from 'node:path'
import { PrescoreError } from '../../base/index.ts'
import type { Chunk, NumberColumn } from '../../expressions/index.ts'
import { ExactSum } from '../../features/index.ts'
import { valueNames } from '../../history/index.ts'
import type { ColumnKinds } from '../../parquet/index.ts'
import { FINGERPRINT_BYTES, type PredictionDefinition, textFingerprint } from '../../project/index.ts'
import type { StoredBlock } from '../../stores/index.ts'
import { CanonicalBytes } from '../canonical-bytes.ts'
import type { RunContext } from '../context.ts'
import { readRun } from '../rows.ts'
import { inputsKind, type ValueShape } from '../values.ts'
import type { ScoreManifest } from './score-manifest.ts'

/** Rows of a shard, from the first to before the last. Plain data. */
export interface Piece {
  readonly manifest: ScoreManifest
  readonly from: number
  readonly to: number
}

/** What they amount to. Plain data, and nobody else's. */
export interface StagedPiece {
  readonly rows: number
  /** Their canonical lines. */
  readonly lines: Uint8Array<ArrayBuffer>
  /** Of the rows that have a value. */
  readonly block: StoredBlock
  /** The bytes of the first key and of the last; undefined without rows. */
  readonly first: Uint8Array | undefined
  readonly last: Uint8Array | undefined
  /** Of the rows that have a value, the first number of each, ascending. */
  readonly values: Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>
  /** The exact sum of these, as it tells its state. */
  readonly sum: Float64Array
  /** The least and the greatest of all numbers; the greatest is below the least where there are none. */
  readonly extent: readonly [least: number, greatest: number]
  /** The text of the first value, and whether it is that of all. */
  readonly text: string | undefined
  readonly isConstant: boolean
}

/** A piece of a shard. Plain data. */
export interface StagedShard {
  readonly manifest: ScoreManifest
  /** No other of the shard comes after it. */
  readonly isLast: boolean
  readonly piece: StagedPiece
}

/** A shard that is scored, or still to be, and not written yet. Plain data. */
export interface HeldShard {
  readonly shard: number
}

/** Rows of a piece at most: so many are in memory at once, in each worker. */
export const PIECE_ROWS = 131_072

/** The rows of these shards, in their order. */
export function piecesOf(shards: readonly ScoreManifest[]): readonly Piece[] {
  return shards.flatMap(manifest => {
    const count = Math.max(1, Math.ceil(manifest.rows / PIECE_ROWS))
    const startOf = (piece: number) => Math.floor((manifest.rows * piece) / count)
    return Array.from({ length: count }, (_, piece): Piece => ({ manifest, from: startOf(piece), to: startOf(piece + 1) }))
  })
}

/** @throws PrescoreError `run_corrupt` where rows are not in the order of their keys */
export async function stagePiece(context: RunContext, { manifest, from, to }: Piece): Promise<StagedShard> {
  const { database, prediction } = context
  const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind] as const)
  const numbers = valueNames(manifest.values.width).map(name => [name, 'float64'] as const)
  const kinds: ColumnKinds = { ...Object.fromEntries([...keys, ...numbers]), rejected: 'string', ...inputsKind(prediction) }
  const making = new PieceMaking(prediction, manifest.values, to - from)
  // All of them, and not only as many as there should be, where that is all of the file.
  const isWhole = to === manifest.rows
  const range = from === 0 && isWhole ? undefined : ([from, to] as const)
  for await (const chunk of readRun(database, scoredFile(context, manifest), kinds, range)) making.add(chunk)
  if (!making.isInOrder()) throw corrupt(context, manifest, 'rows out of order')
  return { manifest, isLast: isWhole, piece: making.piece() }
}

/** The rows of a chunk, as those of a scored shard, which is not written yet. @throws PrescoreError `internal` where they are not in the order of their keys */
export function pieceOf({ prediction }: RunContext, chunk: Chunk, shape: ValueShape): StagedPiece {
  const making = new PieceMaking(prediction, shape, chunk.rows)
  making.add(chunk)
  if (!making.isInOrder()) throw new PrescoreError('internal', { where: `predictions.${prediction.name}`, found: 'rows out of order' })
  return making.piece()
}

class PieceMaking {
  readonly #bytes: CanonicalBytes
  readonly #names: readonly string[]
  readonly #hasInputs: boolean
  readonly #values: StagedPiece['values']
  readonly #extent: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  readonly #sum = new ExactSum()
  #ok = 0

  constructor({ entity = {}, inputs }: PredictionDefinition, shape: ValueShape, rows: number) {
    this.#bytes = new CanonicalBytes(entity, shape, { rows, withKeys: true })
    this.#names = valueNames(shape.width)
    this.#hasInputs = Object.keys(inputs).length > 0
    this.#values = shape.outputType === 'float32' ? new Float32Array(rows) : new Float64Array(rows)
  }

  add(chunk: Chunk): void {
    const [bytes, sum, values] = [this.#bytes, this.#sum, this.#values]
    const before = bytes.rows
    bytes.add(chunk, 0, chunk.rows)
    const columns = this.#names.map(name => (chunk.columns.get(name) as NumberColumn).values.subarray(0, chunk.rows))
    for (const column of columns) widen(this.#extent, column)
    const [first] = columns as [Float64Array]
    let ok = this.#ok
    for (let row = 0; row < chunk.rows; row++) {
      if (!hasValue(bytes, before + row)) continue
      sum.add(first[row] as number)
      values[ok++] = first[row] as number
    }
    this.#ok = ok
  }

  isInOrder(): boolean {
    // Asked for once: a view for each row would be garbage.
    const { rows, keys, keyEnds } = this.#bytes
    for (let row = 1; row < rows; row++) if (!isBefore(keys, keyEnds, row - 1, row)) return false
    return true
  }

  /** At last: rows without a value are dropped where they lie. */
  piece(): StagedPiece {
    const [bytes, ok] = [this.#bytes, this.#ok]
    return {
      rows: bytes.rows,
      lines: bytes.lines,
      ...endsOf(bytes),
      ...sameness(bytes),
      block: this.#hasInputs ? blockWithInputs(bytes, ok) : plainBlock(bytes, ok),
      values: this.#values.subarray(0, ok).sort(),
      sum: this.#sum.state(),
      extent: this.#extent,
    }
  }
}

function scoredFile({ layout }: Pick<RunContext, 'layout'>, { shard, file }: ScoreManifest): string {
  return join(layout.shard('score', shard), file)
}

/** What nobody need copy when a piece is sent. */
export function buffersOf({ piece: { lines, block, values } }: StagedShard): readonly ArrayBuffer[] {
  const arrays = [lines, values, block.keys, block.keyEnds, block.entries, block.entryStarts, block.entryEnds]
  return [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))]
}

export function corrupt(context: RunContext, manifest: ScoreManifest, found: string): PrescoreError {
  const expected = `those of digest ${manifest.digest.slice(0, 12)}, in the order of their keys`
  return new PrescoreError('run_corrupt', { where: scoredFile(context, manifest), found, expected })
}

/** Rejected rows have NaN, which is neither less nor greater. */
function widen(extent: [number, number], column: Float64Array): void {
  for (const value of column) {
    if (value < extent[0]) extent[0] = value
    if (value > extent[1]) extent[1] = value
  }
}

function hasValue({ valueStarts, valueEnds }: CanonicalBytes, row: number): boolean {
  return valueStarts[row] !== valueEnds[row]
}

/** As `Buffer.compare`, which would be a call into native code for each row. */
function isBefore(keys: Uint8Array, keyEnds: Int32Array, a: number, b: number): boolean {
  const [startA, endA] = [a === 0 ? 0 : (keyEnds[a - 1] as number), keyEnds[a] as number]
  const [startB, endB] = [keyEnds[b - 1] as number, keyEnds[b] as number]
  const length = Math.min(endA - startA, endB - startB)
  for (let i = 0; i < length; i++) {
    const [left, right] = [keys[startA + i] as number, keys[startB + i] as number]
    if (left !== right) return left < right
  }
  return endA - startA < endB - startB
}

function endsOf({ rows, keys, keyEnds }: CanonicalBytes): Pick<StagedPiece, 'first' | 'last'> {
  if (rows === 0) return { first: undefined, last: undefined }
  return { first: keys.slice(0, keyEnds[0]), last: keys.slice(rows === 1 ? 0 : keyEnds[rows - 2], keyEnds[rows - 1]) }
}

function sameness(bytes: CanonicalBytes): Pick<StagedPiece, 'text' | 'isConstant'> {
  const { rows, lines, valueStarts, valueEnds } = bytes
  let text: Buffer | undefined
  for (let row = 0; row < rows; row++) {
    if (!hasValue(bytes, row)) continue
    const own = Buffer.from(lines.buffer, valueStarts[row], (valueEnds[row] as number) - (valueStarts[row] as number))
    text ??= own
    if (!text.equals(own)) return { text: text.toString(), isConstant: false }
  }
  return { text: text?.toString(), isConstant: true }
}

/** The values' texts are the entries: they stay where they lie. */
function plainBlock(bytes: CanonicalBytes, ok: number): StoredBlock {
  const { rows, lines, keys, keyEnds, valueStarts, valueEnds } = bytes
  if (ok < rows) keepValued(bytes, keys)
  return {
    rows: ok,
    keys,
    keyEnds: keyEnds.subarray(0, ok),
    entries: lines,
    entryStarts: valueStarts.subarray(0, ok),
    entryEnds: valueEnds.subarray(0, ok),
  }
}

/** Moves the rows that have a value together, in the place where they are. */
function keepValued(bytes: CanonicalBytes, keys: Uint8Array): void {
  const { rows, keyEnds, valueStarts, valueEnds, inputsStarts, inputsEnds } = bytes
  let [to, size, start] = [0, 0, 0]
  for (let row = 0; row < rows; row++) {
    const end = keyEnds[row] as number
    if (hasValue(bytes, row)) {
      keys.copyWithin(size, start, end)
      size += end - start
      keyEnds[to] = size
      for (const places of [valueStarts, valueEnds, inputsStarts, inputsEnds]) places[to] = places[row] as number
      to++
    }
    start = end
  }
}

/** Before a value stands the fingerprint of its inputs, behind it they do. */
function blockWithInputs(bytes: CanonicalBytes, ok: number): StoredBlock {
  const { lines, inputsStarts, inputsEnds } = bytes
  const plain = plainBlock(bytes, ok)
  const inputsBytes = (row: number) => (inputsEnds[row] as number) - (inputsStarts[row] as number)
  let size = 0
  for (let row = 0; row < ok; row++)
    size += FINGERPRINT_BYTES + (plain.entryEnds[row] as number) - (plain.entryStarts[row] as number) + 1 + inputsBytes(row)
  const entries = new Uint8Array(size)
  const [entryStarts, entryEnds] = [new Int32Array(ok), new Int32Array(ok)]
  let at = 0
  const put = (from: Uint8Array) => {
    entries.set(from, at)
    at += from.length
  }
  for (let row = 0; row < ok; row++) {
    const inputs = lines.subarray(inputsStarts[row], inputsEnds[row])
    entryStarts[row] = at
    put(textFingerprint(inputs))
    put(lines.subarray(plain.entryStarts[row], plain.entryEnds[row]))
    at++
    put(inputs)
    entryEnds[row] = at
  }
  return { ...plain, entries, entryStarts, entryEnds }
}

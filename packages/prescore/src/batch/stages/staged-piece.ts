/** Some rows of a scored shard as the store takes them, and what the whole run is told of by: made in a worker, beside others. */
import { join } from 'node:path'
import { PrescoreError } from '../../base/index.ts'
import type { NumberColumn } from '../../expressions/index.ts'
import { ExactSum } from '../../features/index.ts'
import { valueNames } from '../../history/index.ts'
import type { ColumnKinds } from '../../parquet/index.ts'
import { FINGERPRINT_BYTES, textFingerprint } from '../../project/index.ts'
import type { StoredBlock } from '../../stores/index.ts'
import { CanonicalBytes } from '../canonical-bytes.ts'
import type { RunContext } from '../context.ts'
import { readRun } from '../rows.ts'
import { inputsKind } from '../values.ts'
import type { ScoreManifest } from './score.ts'

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
  readonly values: Float64Array<ArrayBuffer>
  /** The exact sum of these, as it tells its state. */
  readonly sum: Float64Array
  /** The least and the greatest of all numbers; the greatest is below the least where there are none. */
  readonly extent: readonly [least: number, greatest: number]
  /** The text of the first value, and whether it is that of all. */
  readonly text: string | undefined
  readonly isConstant: boolean
}

/** Rows of a piece at most: so many are in memory at once, in each worker. */
const PIECE_ROWS = 131_072

/** The rows of these shards, in their order. */
export function piecesOf(shards: readonly ScoreManifest[]): readonly Piece[] {
  return shards.flatMap(manifest => {
    const count = Math.max(1, Math.ceil(manifest.rows / PIECE_ROWS))
    const startOf = (piece: number) => Math.floor((manifest.rows * piece) / count)
    return Array.from({ length: count }, (_, piece): Piece => ({ manifest, from: startOf(piece), to: startOf(piece + 1) }))
  })
}

/** @throws PrescoreError `run_corrupt` where rows are not in the order of their keys */
export async function stagePiece(context: RunContext, { manifest, from, to }: Piece): Promise<StagedPiece> {
  const { database, prediction } = context
  const { width } = manifest.values
  const names = valueNames(width)
  const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind] as const)
  const numbers = names.map(name => [name, 'float64'] as const)
  const kinds: ColumnKinds = { ...Object.fromEntries([...keys, ...numbers]), rejected: 'string', ...inputsKind(prediction) }
  const bytes = new CanonicalBytes(prediction.entity ?? {}, manifest.values, { rows: to - from, withKeys: true })
  const values = new Float64Array(to - from)
  const extent: [number, number] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const sum = new ExactSum()
  let ok = 0
  // All of them, and not only as many as there should be, where that is all of the file.
  const range = from === 0 && to === manifest.rows ? undefined : ([from, to] as const)
  for await (const chunk of readRun(database, scoredFile(context, manifest), kinds, range)) {
    const before = bytes.rows
    bytes.add(chunk, 0, chunk.rows)
    const columns = names.map(name => (chunk.columns.get(name) as NumberColumn).values.subarray(0, chunk.rows))
    for (const column of columns) widen(extent, column)
    const [first] = columns as [Float64Array]
    for (let row = 0; row < chunk.rows; row++) {
      if (!hasValue(bytes, before + row)) continue
      sum.add(first[row] as number)
      values[ok++] = first[row] as number
    }
  }
  checkOrder(context, manifest, bytes)
  return {
    rows: bytes.rows,
    lines: bytes.lines,
    ...endsOf(bytes),
    ...sameness(bytes),
    block: Object.keys(prediction.inputs).length === 0 ? plainBlock(bytes, ok) : blockWithInputs(bytes, ok),
    values: values.subarray(0, ok).sort(),
    sum: sum.state(),
    extent,
  }
}

function scoredFile({ layout }: Pick<RunContext, 'layout'>, { shard, file }: ScoreManifest): string {
  return join(layout.shard('score', shard), file)
}

/** What nobody need copy when a piece is sent. */
export function buffersOf({ lines, block, values }: StagedPiece): readonly ArrayBuffer[] {
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

/** @throws PrescoreError `run_corrupt` */
function checkOrder(context: RunContext, manifest: ScoreManifest, bytes: CanonicalBytes): void {
  for (let row = 1; row < bytes.rows; row++) if (!isBefore(bytes, row - 1, row)) throw corrupt(context, manifest, 'rows out of order')
}

/** As `Buffer.compare`, which would be a call into native code for each row. */
function isBefore({ keys, keyEnds }: CanonicalBytes, a: number, b: number): boolean {
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

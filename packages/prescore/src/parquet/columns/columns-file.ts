/**
 * Columns of a Parquet file, numbers and texts, read without DuckDB: in the thread that wants them, and without an object for anything but a chunk.
 * It gives the bits that DuckDB does, and leaves to it whatever it does not know.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { setImmediate as turn } from 'node:timers/promises'
import { TIME_US_MAX } from '../../base/index.ts'
import { type Chunk, type Column, isStringColumn, type Kind } from '../../expressions/index.ts'
import { unreadable } from '../database.ts'
import { freeLetGo } from '../let-go.ts'
import { ColumnReader, ENCODINGS } from './column-reader.ts'
import { type Footer, footerOf, type StoredGroup } from './footer.ts'
import { isKnownCodec, PAGE_BYTES_MAX } from './page-reader.ts'
import { type StoredForm, storedForm } from './stored-form.ts'
import { TextCodes } from './text-codes.ts'

/** Rows of a chunk: what is made of them stays in the processor's caches. */
const CHUNK_ROWS = 4096
/** A row group is read whole, column by column: of larger ones DuckDB reads less at once. */
const CHUNK_BYTES_MAX = PAGE_BYTES_MAX
/** Pages are unpacked into memory of their own: what was before this group is let go by now, and freed when it is so much. */
const UNPACKED_LET_GO = 4 * 1024 * 1024
const KNOWN_ENCODINGS: readonly number[] = Object.values(ENCODINGS)

export interface FileColumn {
  readonly name: string
  /** In the file. */
  readonly called: string
  readonly kind: Kind
}

/** Rows whose value is in [from, until) are wanted, and no others. */
export interface ValueRange {
  /** One of those that are read: of times. */
  readonly column: string
  readonly from: number
  readonly until: number
}

export interface RowsWanted {
  /** By number, from the first to before the second. Absent: all. */
  readonly rows?: readonly [number, number] | undefined
  readonly within?: ValueRange | undefined
}

/** How a column is read. */
interface OwnColumn extends FileColumn {
  readonly form: StoredForm
  /** Its place among the columns of the file. */
  readonly at: number
  readonly isOptional: boolean
}

/** A column that is being read. */
interface OpenColumn extends OwnColumn {
  readonly reader: ColumnReader
  readonly texts: TextCodes | undefined
  /** Written to by one chunk after the other; undefined: chunks are kept. */
  readonly values: Float64Array | undefined
  readonly codes: Int32Array | undefined
}

/** The rows of a group that are wanted by their numbers. */
interface OwnGroup {
  readonly group: StoredGroup
  /** Counted in the group. */
  readonly from: number
  readonly to: number
  /** Whether some of them may be out of the range. */
  readonly isMixed: boolean
}

export class ColumnsFile {
  readonly #path: string
  readonly #columns: readonly OwnColumn[]
  readonly #groups: readonly OwnGroup[]
  readonly #within: ValueRange | undefined

  /** Undefined: it is left to DuckDB, as a file is that cannot be read. */
  static async open(path: string, columns: readonly FileColumn[], wanted: RowsWanted): Promise<ColumnsFile | undefined> {
    try {
      const footer = await footerOf(path)
      const own = footer === undefined ? undefined : ownColumns(footer, columns)
      const groups = footer === undefined || own === undefined ? undefined : ownGroups(footer, own, wanted)
      return own === undefined || groups === undefined ? undefined : new ColumnsFile(path, own, groups, wanted.within)
    } catch {
      return undefined
    }
  }

  private constructor(path: string, columns: readonly OwnColumn[], groups: readonly OwnGroup[], within: ValueRange | undefined) {
    this.#path = path
    this.#columns = columns
    this.#groups = groups
    this.#within = within
  }

  /** How many are looked at: those out of the range that lie among others are counted too. */
  get rows(): number {
    return this.#groups.reduce((rows, { from, to }) => rows + to - from, 0)
  }

  /**
   * @param passing as {@link readColumns} has it. @param onRows told how many rows more were looked at
   * @throws PrescoreError `source_unreadable`
   */
  async *read(where: string, passing: boolean, onRows: (rows: number) => void): AsyncGenerator<Chunk> {
    try {
      const handle = await open(this.#path)
      try {
        yield* this.#chunks(handle, passing, onRows)
      } finally {
        await handle.close()
      }
    } catch (error) {
      throw unreadable(error, where)
    }
  }

  async *#chunks(handle: FileHandle, passing: boolean, onRows: (rows: number) => void): AsyncGenerator<Chunk> {
    const columns = this.#columns.map(column => openColumn(column, passing))
    let unpacked = 0
    for (const { group, from, to, isMixed } of this.#groups) {
      for (const { reader, at } of columns) {
        await reader.open(handle, group.chunks[at]!, group.rows)
        unpacked += group.chunks[at]!.uncompressed
      }
      if (unpacked >= UNPACKED_LET_GO) {
        freeLetGo()
        unpacked = 0
      }
      for (let row = 0; row < to; ) {
        // Whatever else waits in this thread has its turn.
        await turn()
        // What is before the first is read, and nothing made of it.
        const end = Math.min(row + CHUNK_ROWS, row < from ? from : to)
        const chunk = { rows: end - row, columns: new Map(columns.map(column => [column.name, nextOf(column, end - row)])) }
        row = end
        if (end <= from) continue
        onRows(chunk.rows)
        const kept = this.#within !== undefined && isMixed ? within(chunk, this.#within) : chunk
        if (kept.rows > 0) yield kept
      }
    }
  }
}

function openColumn(column: OwnColumn, isPassing: boolean): OpenColumn {
  const texts = column.kind === 'string' ? new TextCodes() : undefined
  return {
    ...column,
    reader: new ColumnReader(column.form, column.isOptional, texts),
    texts,
    // Of texts they are not handed over.
    values: isPassing || texts !== undefined ? new Float64Array(CHUNK_ROWS) : undefined,
    codes: isPassing && texts !== undefined ? new Int32Array(CHUNK_ROWS) : undefined,
  }
}

/** The next rows of a column. */
function nextOf({ kind, reader, texts, ...reused }: OpenColumn, rows: number): Column {
  const values = reused.values?.subarray(0, rows) ?? new Float64Array(rows)
  const exact = reader.read(values)
  if (texts !== undefined) {
    const codes = reused.codes?.subarray(0, rows) ?? new Int32Array(rows)
    for (let i = 0; i < rows; i++) codes[i] = values[i]! === values[i]! ? values[i]! : -1
    return { type: { kind }, codes, dictionary: texts.texts }
  }
  return exact === undefined ? { type: { kind }, values } : { type: { kind }, values, exact }
}

/** Undefined: there is one that is left to DuckDB. */
function ownColumns(footer: Footer, columns: readonly FileColumn[]): readonly OwnColumn[] | undefined {
  const own = columns.map((column): OwnColumn | undefined => {
    // DuckDB takes no notice of case: where it could matter, it decides.
    const alike = [...footer.columns.keys()].filter(at => footer.columns[at]!.name.toLowerCase() === column.called.toLowerCase())
    const [at = -1] = alike
    const leaf = footer.columns[at]
    const form = leaf === undefined ? undefined : storedForm(column.kind, leaf)
    if (alike.length !== 1 || leaf?.name !== column.called || form === undefined) return undefined
    const isReadable = footer.groups.every(
      ({ chunks }) =>
        isKnownCodec(chunks[at]!.codec) &&
        chunks[at]!.encodings.every(encoding => KNOWN_ENCODINGS.includes(encoding)) &&
        Math.max(chunks[at]!.bytes, chunks[at]!.uncompressed) <= CHUNK_BYTES_MAX,
    )
    return isReadable ? { ...column, form, at, isOptional: leaf.isOptional } : undefined
  })
  return own.every(column => column !== undefined) ? own : undefined
}

/** Undefined: times are among them that only DuckDB knows. */
function ownGroups(footer: Footer, columns: readonly OwnColumn[], { rows, within }: RowsWanted): readonly OwnGroup[] | undefined {
  const [firstRow, endRow] = rows ?? [0, Number.POSITIVE_INFINITY]
  const times = columns.find(({ name }) => name === within?.column)
  // A range without an end holds infinite times, which are refused: where a group does not tell, DuckDB finds them.
  const needsBounds = within !== undefined && !(Number.isFinite(within.from) && Number.isFinite(within.until))
  let before = 0
  const own: OwnGroup[] = []
  for (const group of footer.groups) {
    const from = Math.max(0, firstRow - before)
    const to = Math.min(group.rows, endRow - before)
    before += group.rows
    const bounds = times === undefined ? undefined : boundsOf(group, times)
    if (bounds === undefined ? times !== undefined && needsBounds : bounds[0] < -TIME_US_MAX || bounds[1] > TIME_US_MAX) return undefined
    const isOut = within !== undefined && bounds !== undefined && (bounds[1] < within.from || bounds[0] >= within.until)
    const isIn = within === undefined || (bounds !== undefined && bounds[0] >= within.from && bounds[1] < within.until)
    const isWhole = times === undefined || !times.isOptional || group.chunks[times.at]!.missing === 0
    if (from < to && !isOut) own.push({ group, from, to, isMixed: !(isIn && isWhole) })
  }
  return own
}

function boundsOf({ chunks }: StoredGroup, { at, form }: OwnColumn): readonly [least: number, greatest: number] | undefined {
  const { least, greatest } = chunks[at]!
  if (form.stored !== 'int64' || least?.length !== 8 || greatest?.length !== 8) return undefined
  const valueOf = (bytes: Uint8Array) => Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true)) * form.unit
  return [valueOf(least), valueOf(greatest)]
}

/** The rows in the range, put together in the place where they are. */
function within(chunk: Chunk, { column, from, until }: ValueRange): Chunk {
  const { values: times } = chunk.columns.get(column) as { readonly values: Float64Array }
  const kept = new Int32Array(chunk.rows)
  let rows = 0
  for (let row = 0; row < chunk.rows; row++) {
    const time = times[row]!
    if (time >= from && time < until) kept[rows++] = row
  }
  return keepRows(chunk, kept.subarray(0, rows))
}

/** Some rows of a chunk that nobody else has, in their order: put together in the place where they are. */
export function keepRows(chunk: Chunk, kept: Int32Array): Chunk {
  const rows = kept.length
  if (rows === chunk.rows) return chunk
  const columns = [...chunk.columns].map(([name, each]): [string, Column] => {
    if (isStringColumn(each)) {
      for (let i = 0; i < rows; i++) each.codes[i] = each.codes[kept[i]!]!
      return [name, { ...each, codes: each.codes.subarray(0, rows) }]
    }
    const { type, values, exact } = each
    for (let i = 0; i < rows; i++) values[i] = values[kept[i]!]!
    if (exact === undefined) return [name, { type, values: values.subarray(0, rows) }]
    return [name, { type, values: values.subarray(0, rows), exact: BigInt64Array.from(kept, row => exact[row]!) }]
  })
  return { rows, columns: new Map(columns) }
}

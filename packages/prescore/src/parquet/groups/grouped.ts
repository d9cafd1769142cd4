/** A Parquet file put together from row groups that are finished already: their bytes are copied as they are, and the footer is written. */
import { createReadStream } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { Chunk } from '../../expressions/index.ts'
import { opened, type StoredColumns, type StoredKind, writable } from '../write.ts'
import { ENCODINGS } from './pages.ts'
import { type ColumnChunk, ColumnsBefore, type RowGroup, writePages } from './row-group.ts'
import { type Fields, type Thrift, textOf, thriftBytes } from './thrift.ts'

const MAGIC = Buffer.from('PAR1')
const COPIED_AT_ONCE = 4 * 1024 * 1024
const OPTIONAL = 1
const ZSTD = 6

const PHYSICAL = { boolean: 0, int64: 2, float32: 4, float64: 5, text: 6 } as const
/** Of the older form, and of the newer. */
const TEXT: Fields = { 6: { i32: 0 }, 10: { struct: { 1: { struct: {} } } } }
const MICROS: Thrift = { struct: { 2: { struct: {} } } }
const INSTANT: Fields = { 6: { i32: 10 }, 10: { struct: { 8: { struct: { 1: { bool: true }, 2: MICROS } } } } }

const TYPES: Readonly<Record<StoredKind, { readonly physical: number; readonly logical?: Fields }>> = {
  int64: { physical: PHYSICAL.int64 },
  float64: { physical: PHYSICAL.float64 },
  float32: { physical: PHYSICAL.float32 },
  boolean: { physical: PHYSICAL.boolean },
  string: { physical: PHYSICAL.text, logical: TEXT },
  timestamp: { physical: PHYSICAL.int64, logical: INSTANT },
  duration: { physical: PHYSICAL.float64 },
}

export class GroupedFile {
  readonly #file: string
  readonly #handle: FileHandle
  readonly #columns: StoredColumns
  readonly #groups: Fields[] = []
  readonly #before = new ColumnsBefore()
  #rows = 0
  #size = MAGIC.length

  /** @param file which must not be there yet. @throws PrescoreError `file_unwritable` */
  static async create(file: string, columns: StoredColumns): Promise<GroupedFile> {
    const handle = await opened(file)
    await writable(file, () => handle.writeFile(MAGIC))
    return new GroupedFile(file, handle, columns)
  }

  private constructor(file: string, handle: FileHandle, columns: StoredColumns) {
    this.#file = file
    this.#handle = handle
    this.#columns = columns
  }

  /** The next group, whose bytes lie in a file of their own. @throws PrescoreError `file_unwritable` */
  async append(bytes: string, group: RowGroup): Promise<void> {
    // Some readers do not expect a group without rows.
    if (group.rows === 0) return
    this.#add(group)
    await writable(this.#file, async () => {
      for await (const some of createReadStream(bytes, { highWaterMark: COPIED_AT_ONCE })) await this.#handle.writeFile(some as Buffer)
    })
  }

  /** The next group, from its rows: of not much more than 100,000. @throws PrescoreError `file_unwritable`, `invalid_text` */
  async write(chunk: Chunk): Promise<void> {
    if (chunk.rows > 0) this.#add(await writePages(this.#file, this.#handle, this.#columns, chunk, this.#before))
  }

  /** @param metadata key-value pairs. @throws PrescoreError `file_unwritable` */
  async finish(metadata: Readonly<Record<string, string>>): Promise<void> {
    const names = Object.keys(this.#columns)
    const footer = thriftBytes({
      1: { i32: 1 },
      2: { list: [{ struct: { 4: textOf('rows'), 5: { i32: names.length } } }, ...Object.entries(this.#columns).map(schemaOf)] },
      3: { i64: this.#rows },
      4: { list: this.#groups.map(struct => ({ struct })) },
      5: { list: Object.entries(metadata).map(([name, value]) => ({ struct: { 1: textOf(name), 2: textOf(value) } })) },
      6: textOf('prescore'),
      // The order of their type: then readers use the bounds.
      7: { list: names.map(() => ({ struct: { 1: { struct: {} } } })) },
    })
    const length = Buffer.alloc(4)
    length.writeUInt32LE(footer.length)
    await writable(this.#file, () => this.#handle.writeFile(Buffer.concat([footer, length, MAGIC])))
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  #add(group: RowGroup): void {
    this.#groups.push(this.#groupFields(group))
    this.#rows += group.rows
  }

  #groupFields({ rows, columns }: RowGroup): Fields {
    const from = this.#size
    const list = Object.entries(this.#columns).map(([name, kind], i) => {
      const chunk = columns[i] as ColumnChunk
      const fields = chunkFields(name, kind, chunk, rows, this.#size)
      this.#size += chunk.size
      return { struct: fields }
    })
    const uncompressed = columns.reduce((sum, column) => sum + column.uncompressed, 0)
    const size = this.#size - from
    return { 1: { list }, 2: { i64: uncompressed }, 3: { i64: rows }, 5: { i64: from }, 6: { i64: size } }
  }
}

function schemaOf([name, kind]: readonly [string, StoredKind]): Thrift {
  const { physical, logical } = TYPES[kind]
  return { struct: { 1: { i32: physical }, 3: { i32: OPTIONAL }, 4: textOf(name), ...logical } }
}

function chunkFields(name: string, kind: StoredKind, chunk: ColumnChunk, rows: number, offset: number): Fields {
  const isCoded = chunk.dictionarySize > 0
  const encodings = [ENCODINGS.plain, ENCODINGS.rle, ...(isCoded ? [ENCODINGS.dictionary] : [])]
  const statistics: Fields = {
    3: { i64: chunk.missing },
    5: chunk.greatest === undefined ? undefined : { binary: chunk.greatest },
    6: chunk.least === undefined ? undefined : { binary: chunk.least },
  }
  const metadata: Fields = {
    1: { i32: TYPES[kind].physical },
    2: { list: encodings.map(i32 => ({ i32 })) },
    3: { list: [textOf(name)] },
    4: { i32: ZSTD },
    5: { i64: rows },
    6: { i64: chunk.uncompressed },
    7: { i64: chunk.size },
    9: { i64: offset + chunk.dictionarySize },
    11: isCoded ? { i64: offset } : undefined,
    12: { struct: statistics },
  }
  return { 2: { i64: 0 }, 3: { struct: metadata } }
}

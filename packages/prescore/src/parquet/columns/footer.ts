/** What the end of a Parquet file says of it: its columns, and where their values lie. */
import { type FileHandle, open } from 'node:fs/promises'
import { type Read, type ReadStruct, ThriftReader } from './thrift-read.ts'

const MAGIC = 'PAR1'
const TAIL_BYTES = 8
/** Larger ones take long to read. */
const FOOTER_BYTES_MAX = 32 * 1024 * 1024

/** A column that is not part of another. */
export interface LeafColumn {
  readonly name: string
  readonly physical: number | undefined
  readonly isOptional: boolean
  /** What the values mean, in the older form and in the newer. */
  readonly converted: number | undefined
  readonly logical: ReadStruct | undefined
}

/** The values of a column in a row group. */
export interface StoredChunk {
  readonly offset: number
  readonly bytes: number
  readonly uncompressed: number
  readonly codec: number
  readonly encodings: readonly number[]
  /** As they are stored; undefined: not told. */
  readonly least: Uint8Array | undefined
  readonly greatest: Uint8Array | undefined
  /** How many values are missing; undefined: not told. */
  readonly missing: number | undefined
}

export interface StoredGroup {
  readonly rows: number
  /** By column, in the order of the footer. */
  readonly chunks: readonly StoredChunk[]
}

export interface Footer {
  readonly columns: readonly LeafColumn[]
  readonly groups: readonly StoredGroup[]
}

/** As {@link readFooter}, of a file that is not open. @throws Error also where there is none */
export async function footerOf(path: string): Promise<Footer | undefined> {
  const handle = await open(path)
  try {
    return await readFooter(handle)
  } finally {
    await handle.close()
  }
}

/** Undefined: columns within columns, values in other files, or what only other readers know. @throws Error where it is no such thing */
async function readFooter(handle: FileHandle): Promise<Footer | undefined> {
  const { size } = await handle.stat()
  const tail = await bytesAt(handle, size - TAIL_BYTES, TAIL_BYTES)
  const length = tail.readUInt32LE(0)
  if (tail.toString('latin1', 4) !== MAGIC || length > FOOTER_BYTES_MAX || length > size - TAIL_BYTES) return undefined
  const fields = new ThriftReader(await bytesAt(handle, size - TAIL_BYTES - length, length)).struct()
  const [root, ...elements] = structs(fields, 2)
  if (root === undefined || number(root, 5) !== elements.length) return undefined
  const columns = elements.map(leafOf)
  const groups = structs(fields, 4).map(groupOf)
  const isAlone = structs(fields, 4).every(group => structs(group, 1).every(chunk => chunk.has(3) && !chunk.has(1)))
  const isFlat = elements.every(element => number(element, 5) === undefined && number(element, 3) !== 2)
  return isFlat && isAlone && groups.every(({ chunks }) => chunks.length === columns.length) ? { columns, groups } : undefined
}

/** How many rows a file has, and its columns; undefined: what only other readers know, and what cannot be read. */
export async function fileRows(path: string): Promise<{ readonly rows: number; readonly columns: readonly string[] } | undefined> {
  const footer = await footerOf(path).catch(() => undefined)
  if (footer === undefined) return undefined
  return { rows: footer.groups.reduce((sum, { rows }) => sum + rows, 0), columns: footer.columns.map(({ name }) => name) }
}

/** @throws Error where there are fewer */
export async function bytesAt(handle: FileHandle, from: number, length: number, room?: Buffer): Promise<Buffer> {
  const buffer = room !== undefined && room.length >= length ? room : Buffer.allocUnsafeSlow(length)
  const { bytesRead } = from < 0 ? { bytesRead: -1 } : await handle.read(buffer, 0, length, from)
  if (bytesRead !== length) throw new Error('an end too early')
  return buffer.length === length ? buffer : buffer.subarray(0, length)
}

function leafOf(element: ReadStruct): LeafColumn {
  return {
    name: Buffer.from((element.get(4) as Uint8Array | undefined) ?? []).toString(),
    physical: number(element, 1),
    isOptional: number(element, 3) === 1,
    converted: number(element, 6),
    logical: element.get(10) as ReadStruct | undefined,
  }
}

function groupOf(group: ReadStruct): StoredGroup {
  return { rows: number(group, 3) ?? 0, chunks: structs(group, 1).map(chunkOf) }
}

function chunkOf(chunk: ReadStruct): StoredChunk {
  const about = (chunk.get(3) as ReadStruct | undefined) ?? new Map<number, Read>()
  const statistics = (about.get(12) as ReadStruct | undefined) ?? new Map<number, Read>()
  const [data, dictionary] = [number(about, 9) ?? 0, number(about, 11) ?? 0]
  return {
    // Some writers say 0 where there is no dictionary.
    offset: dictionary > 0 && dictionary < data ? dictionary : data,
    bytes: number(about, 7) ?? 0,
    uncompressed: number(about, 6) ?? 0,
    codec: number(about, 4) ?? 0,
    encodings: (about.get(2) as readonly number[] | undefined) ?? [],
    least: statistics.get(6) as Uint8Array | undefined,
    greatest: statistics.get(5) as Uint8Array | undefined,
    missing: number(statistics, 3),
  }
}

function structs(of: ReadStruct, field: number): readonly ReadStruct[] {
  return (of.get(field) as readonly ReadStruct[] | undefined) ?? []
}

function number(of: ReadStruct, field: number): number | undefined {
  return of.get(field) as number | undefined
}

/** The pages of a column of a row group, one after the other. */
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { StoredChunk } from './footer.ts'
import { canUnsnap, unsnap } from './snappy.ts'
import { type ReadStruct, ThriftReader } from './thrift-read.ts'

const CODECS = { none: 0, snappy: 1, gzip: 2, zstd: 6 } as const
const PAGES = { data: 0, dictionary: 2, data2: 3 } as const
/** Where the header of each kind of page stands. */
const HEADERS = { [PAGES.data]: 5, [PAGES.dictionary]: 7, [PAGES.data2]: 8 } as const
const RLE = 3
const LENGTH_BYTES = 4
const NOTHING = new Uint8Array(0)
/** Less is refused. */
const CHUNK_MIN = 64
export const PAGE_BYTES_MAX: number = 64 * 1024 * 1024

export interface ReadPage {
  readonly isDictionary: boolean
  readonly rows: number
  readonly encoding: number
  /** Where the values begin in the bytes. They are valid until the next page is read. */
  readonly valuesAt: number
  readonly bytes: Uint8Array
  /** Of a column that may miss values: where its levels are, which tell where one is. */
  readonly levels: { readonly bytes: Uint8Array; readonly at: number } | undefined
}

export function isKnownCodec(codec: number): boolean {
  return Object.values<number>(CODECS).includes(codec) && (codec !== CODECS.snappy || canUnsnap)
}

export class PageReader {
  readonly #chunk: StoredChunk
  readonly #isOptional: boolean
  readonly #bytes: Uint8Array
  #at = 0
  #room: Uint8Array

  /** @param bytes of the chunk. @param room to be used again for what is decompressed */
  constructor(chunk: StoredChunk, isOptional: boolean, bytes: Uint8Array, room: Uint8Array) {
    this.#chunk = chunk
    this.#isOptional = isOptional
    this.#bytes = bytes
    this.#room = room
  }

  /** What was decompressed into last. */
  get room(): Uint8Array {
    return this.#room
  }

  /** @throws Error where there is none, or it is damaged */
  next(): ReadPage {
    const reader = new ThriftReader(this.#bytes, this.#at)
    const header = reader.struct()
    const [kind, size, stored] = [1, 2, 3].map(field => header.get(field) as number) as [number, number, number]
    const own = header.get(HEADERS[kind as keyof typeof HEADERS] ?? -1) as ReadStruct | undefined
    const content = this.#bytes.subarray(reader.at, reader.at + stored)
    this.#at = reader.at + stored
    if (!(stored >= 0) || content.length !== stored) throw new Error('an end too early')
    if (!(size >= 0 && size <= PAGE_BYTES_MAX)) throw new Error(`a page of ${size} bytes`)
    // Indexes and the like.
    if (own === undefined) return this.next()
    const rows = own.get(1) as number
    if (kind === PAGES.data2) return this.#second(own, rows, content, size)
    const encoding = own.get(2) as number
    const bytes = this.#decompressed(content, size)
    if (kind === PAGES.dictionary) return { isDictionary: true, rows, encoding, valuesAt: 0, bytes, levels: undefined }
    if (!this.#isOptional) return { isDictionary: false, rows, encoding, valuesAt: 0, bytes, levels: undefined }
    if (own.get(3) !== RLE) throw new Error(`levels of encoding ${own.get(3)}`)
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
    if (LENGTH_BYTES + length > size) throw new Error('levels beyond the page')
    return { isDictionary: false, rows, encoding, valuesAt: LENGTH_BYTES + length, bytes, levels: { bytes, at: LENGTH_BYTES } }
  }

  /** Of the second version: its levels are not compressed. */
  #second(own: ReadStruct, rows: number, content: Uint8Array, size: number): ReadPage {
    const levels = ((own.get(5) as number | undefined) ?? 0) + ((own.get(6) as number | undefined) ?? 0)
    const isCompressed = own.get(7) !== false
    const values = content.subarray(levels)
    const bytes = isCompressed ? this.#decompressed(values, size - levels) : values
    const encoding = own.get(4) as number
    const at = this.#isOptional ? { bytes: content, at: 0 } : undefined
    return { isDictionary: false, rows, encoding, valuesAt: 0, bytes, levels: at }
  }

  #decompressed(content: Uint8Array, size: number): Uint8Array {
    const { codec } = this.#chunk
    // Of a page in which all are missing: what there is of it then differs by writer.
    if (size === 0) return NOTHING
    if (codec === CODECS.snappy) {
      if (this.#room.length < size) this.#room = new Uint8Array(size)
      const bytes = this.#room.subarray(0, size)
      unsnap(content, bytes)
      return bytes
    }
    // One piece, and not many that are put together afterwards; one byte more tells that there is no more to come.
    const options = { maxOutputLength: size, chunkSize: Math.max(CHUNK_MIN, size + 1) }
    const bytes = codec === CODECS.none ? content : (codec === CODECS.gzip ? gunzipSync : zstdDecompressSync)(content, options)
    if (bytes.length !== size) throw new Error(`a page of ${bytes.length} bytes, and not ${size}`)
    return bytes
  }
}

/**
 * What is to be put into one table, as bytes: parts that another thread can take over as they are.
 *
 * A part begins with 2 bytes of length and the table's name; then follow of each put 2 bytes of length and its key, and 4 bytes of
 * length plus 1 and its value (0: the key is removed).
 */
import { ByteReader, ByteWriter } from './bytes.ts'

/** A part ends behind the put with which it reaches this. */
const PART_BYTES = 256 * 1024
/** Holds most last puts. */
const SPARE_BYTES = 16 * 1024
/** A part of few puts, as most are, takes no more. */
const FIRST_BYTES = 16 * 1024

/** Has memory of its own. */
export type Part = Uint8Array<ArrayBuffer>

export class Puts {
  /** How many there are, with those that were taken. */
  length = 0
  readonly #table: string
  readonly #full: Part[] = []
  #part: ByteWriter | undefined

  constructor(table: string) {
    this.#table = table
  }

  /** @param bytes undefined: the key is to be removed */
  add(key: Uint8Array, bytes: Uint8Array | undefined): void {
    this.#part ??= this.#begun()
    const to = this.#part
    to.uint16(key.length)
    to.copy(key, 0, key.length)
    to.uint32(bytes === undefined ? 0 : bytes.length + 1)
    if (bytes !== undefined) to.copy(bytes, 0, bytes.length)
    this.length++
    if (to.at >= PART_BYTES) this.#end()
  }

  /** Takes all parts. */
  take(): Part[] {
    this.#end()
    return this.#full.splice(0)
  }

  /** Takes those to which nothing will be added. */
  takeFull(): Part[] {
    return this.#full.splice(0)
  }

  #begun(): ByteWriter {
    const to = new ByteWriter(this.#full.length === 0 ? FIRST_BYTES : PART_BYTES + SPARE_BYTES)
    to.uint16(Buffer.byteLength(this.#table))
    to.text(this.#table, 'utf8')
    return to
  }

  #end(): void {
    if (this.#part !== undefined) this.#full.push(this.#part.written())
    this.#part = undefined
  }
}

/** The name of the table that a part is for. */
export function tableOf(part: Part): string {
  const from = new ByteReader()
  from.open(part)
  return from.text(from.uint16(), 'utf8')
}

/** Tells what a part holds, in its order; the bytes are the part's own. */
export function eachPut(part: Part, put: (key: Buffer, bytes: Buffer | undefined) => void): void {
  const from = new ByteReader()
  from.open(part)
  const end = part.byteOffset + part.length
  const take = (length: number) => {
    from.at += length
    return Buffer.from(part.buffer, from.at - length, length)
  }
  take(from.uint16())
  while (from.at < end) {
    const key = take(from.uint16())
    const length = from.uint32()
    put(key, length === 0 ? undefined : take(length - 1))
  }
}

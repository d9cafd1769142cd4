/** Goes through a run of a file, key by key. */
import { readSync } from 'node:fs'
import { ByteReader } from './bytes.ts'
import type { EventBlock } from './event-block.ts'
import { readTexts } from './record.ts'
import type { Run } from './sorted-runs.ts'

const HEAD_BYTES = 4
const READ_BYTES = 32 * 1024
/** Numbers of a column read at once. */
const READ_NUMBERS = 2048

export class RunCursor {
  /** The bytes of the key at which it stands, as latin1; undefined: at the end. */
  name: string | undefined
  readonly #keys: KeyStream
  readonly #columns: readonly ColumnStream[]
  readonly #hasTexts: boolean
  readonly #isText: readonly boolean[]
  #reader = new ByteReader()
  #events = 0

  /** @param isText of each field. */
  constructor(file: number, { keysFrom, keysEnd, events, columns }: Run, isText: readonly boolean[]) {
    this.#keys = new KeyStream(file, keysFrom, keysEnd)
    this.#columns = columns.map(from => new ColumnStream(file, from, events))
    this.#isText = isText
    this.#hasTexts = isText.some(Boolean)
    this.#open()
  }

  /** Takes the key's events behind those that are there, and goes on to the next key. */
  take(to: EventBlock): void {
    const [first, count] = [to.size, this.#events]
    to.reserve(first + count)
    this.#columns[0]!.read(to.timesUs, first, count)
    this.#columns[1]!.read(to.knownAtUs, first, count)
    for (let i = 0; i < to.fields.length; i++) this.#columns[i + 2]!.read(to.fields[i]!, first, count)
    if (this.#hasTexts) this.#takeTexts(to, first, count)
    to.size = first + count
    this.#open()
  }

  #takeTexts({ fields, texts }: EventBlock, first: number, count: number): void {
    const base = texts.length
    fields.forEach((field, i) => {
      if (this.#isText[i]) for (let row = first; row < first + count; row++) field[row] = field[row]! + base
    })
    for (const text of readTexts(this.#reader)) texts.push(text)
  }

  /** Opens the next key. */
  #open(): void {
    this.name = undefined
    const entry = this.#keys.next()
    if (entry === undefined) return
    this.#reader.open(entry)
    this.#events = this.#reader.uint32()
    this.name = this.#reader.text(this.#reader.uint32(), 'latin1')
  }
}

class KeyStream {
  readonly #file: number
  readonly #end: number
  #next: number
  #bytes = Buffer.allocUnsafeSlow(READ_BYTES)
  /** What was read and not given yet: `#bytes[#at]` to before `#bytes[#filled]`. */
  #at = 0
  #filled = 0

  constructor(file: number, from: number, end: number) {
    this.#file = file
    this.#next = from
    this.#end = end
  }

  /** The next entry, valid until the one after it; undefined: there is none. */
  next(): Buffer | undefined {
    if (!this.#have(HEAD_BYTES)) return undefined
    const length = this.#bytes.readUInt32LE(this.#at)
    this.#have(HEAD_BYTES + length)
    const from = this.#at + HEAD_BYTES
    this.#at = from + length
    return this.#bytes.subarray(from, from + length)
  }

  /** Reads on until so many bytes are there. @returns false at the end */
  #have(bytes: number): boolean {
    const left = this.#filled - this.#at
    if (left >= bytes) return true
    if (this.#next === this.#end) return false
    const into = bytes > this.#bytes.length ? Buffer.allocUnsafeSlow(2 * bytes) : this.#bytes
    this.#bytes.copy(into, 0, this.#at, this.#filled)
    this.#bytes = into
    this.#at = 0
    this.#filled = left
    while (this.#filled < bytes) {
      const read = readSync(this.#file, into, this.#filled, Math.min(into.length - this.#filled, this.#end - this.#next), this.#next)
      this.#filled += read
      this.#next += read
    }
    return true
  }
}

class ColumnStream {
  readonly #file: number
  readonly #values = new Float64Array(READ_NUMBERS)
  readonly #bytes = Buffer.from(this.#values.buffer)
  #next: number
  /** Numbers of the file that were not read yet. */
  #rest: number
  #at = 0
  #filled = 0

  constructor(file: number, from: number, count: number) {
    this.#file = file
    this.#next = from
    this.#rest = count
  }

  /** Reads the next numbers to a place. */
  read(to: Float64Array, first: number, count: number): void {
    for (let i = first; i < first + count; i++) {
      if (this.#at === this.#filled) this.#fill()
      to[i] = this.#values[this.#at++]!
    }
  }

  #fill(): void {
    const count = Math.min(READ_NUMBERS, this.#rest)
    for (let at = 0; at < 8 * count; ) at += readSync(this.#file, this.#bytes, at, 8 * count - at, this.#next + at)
    this.#next += 8 * count
    this.#rest -= count
    this.#at = 0
    this.#filled = count
  }
}

/**
 * Blocks as bytes, in a fixed layout that is read without building anything:
 *
 *     4  number of events (30 bits), flags
 *     8  from which event time on this block holds the key's events
 *     …  event times, known-at, each field: columns of numbers
 *     …  where fields hold texts: 4 the number of texts, then each: 4 its length in bytes (31 bits), a flag; its bytes
 *
 * The tail, the block that holds a key's latest events, is stored under the key; each earlier block under the key followed by
 * its first moment, so that one look finds a key of few events, and a walk the blocks of one of many.
 */
import { Appender, writeText } from './append.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import type { EventBatch, EventBlock } from './event-block.ts'
import type { Layout } from './layout.ts'
import { numberAt, readNumbers, writeNumbers } from './numbers.ts'
import { COUNT_MASK, HAS_MORE, IS_RELATIVE, IS_UTF16 } from './record-format.ts'

/** Reads and writes the blocks of one layout. */
export class RecordCodec {
  readonly #layout: Layout
  readonly #hasTexts: boolean
  readonly #writer = new ByteWriter()
  readonly #reader = new ByteReader()
  readonly #appender: Appender
  #scratch = new Float64Array(0)

  constructor(layout: Layout) {
    this.#layout = layout
    this.#appender = new Appender(layout)
    this.#hasTexts = layout.isText.some(Boolean)
  }

  /** The events at `from` to before `end` of a block. */
  encode(block: EventBlock, from: number, end: number, fromUs: number): Buffer {
    const to = this.#writer
    to.at = 0
    const isRelative = this.#sinceEvent(block, from, end)
    to.uint32(isRelative ? end - from + IS_RELATIVE : end - from)
    to.double(fromUs)
    writeNumbers(to, block.timesUs, from, end)
    if (isRelative) writeNumbers(to, this.#scratch, 0, end - from)
    else writeNumbers(to, block.knownAtUs, from, end)
    if (this.#hasTexts) this.#writeTextFields(block, from, end)
    else for (const field of block.fields) writeNumbers(to, field, from, end)
    return to.take()
  }

  /** See {@link Appender}. */
  append(bytes: Uint8Array, batch: EventBatch, row: number, eventsMax: number, fromUs: number): Buffer | undefined {
    return this.#appender.append(bytes, batch, row, eventsMax, fromUs)
  }

  /** The texts of the block are read when they are looked at: before the bytes change. */
  decode(bytes: Uint8Array, to: EventBlock): void {
    const from = this.#reader
    from.open(bytes)
    const head = from.uint32()
    from.double()
    const count = head & COUNT_MASK
    to.clear()
    to.reserve(count)
    readNumbers(from, count, to.timesUs)
    readNumbers(from, count, to.knownAtUs)
    if ((head & IS_RELATIVE) !== 0) for (let i = 0; i < count; i++) to.knownAtUs[i] = to.knownAtUs[i]! + to.timesUs[i]!
    for (const field of to.fields) readNumbers(from, count, field)
    if (this.#hasTexts) this.#deferTexts(bytes, from.at, to)
    to.size = count
  }

  #deferTexts(bytes: Uint8Array, at: number, to: EventBlock): void {
    const open = () => {
      this.#reader.open(bytes)
      this.#reader.at = at
      return this.#reader
    }
    to.deferTexts({ all: () => readTexts(open()), at: code => readText(open(), code) })
  }

  /** The latest event time of a block. */
  lastUs(bytes: Uint8Array): number {
    this.#reader.open(bytes)
    const head = this.#reader.uint32()
    this.#reader.double()
    return numberAt(this.#reader, (head & COUNT_MASK) - 1)
  }

  fromUs(bytes: Uint8Array): number {
    this.#reader.open(bytes)
    this.#reader.uint32()
    return this.#reader.double()
  }

  /** Whether a tail has blocks before it. */
  hasMore(bytes: Uint8Array): boolean {
    this.#reader.open(bytes)
    return this.#reader.uint32() >= HAS_MORE
  }

  /** Writes what lies between event and known-at to the scratch, unless a double would not hold it. */
  #sinceEvent({ timesUs, knownAtUs }: EventBlock, from: number, end: number): boolean {
    if (this.#scratch.length < end - from) this.#scratch = new Float64Array(2 * (end - from))
    const scratch = this.#scratch
    for (let i = from; i < end; i++) {
      const betweenUs = knownAtUs[i]! - timesUs[i]!
      if (!Number.isSafeInteger(betweenUs)) return false
      scratch[i - from] = betweenUs
    }
    return true
  }

  /** Only texts that these events use: coded anew, unless all of the block's are in use. */
  #writeTextFields(block: EventBlock, from: number, end: number): void {
    const to = this.#writer
    if (from === 0 && end === block.size && !block.hasSpareTexts) {
      for (const field of block.fields) writeNumbers(to, field, from, end)
      writeTexts(to, block.texts)
      return
    }
    const texts: string[] = []
    const codeOf = new Map<number, number>()
    const recode = (code: number): number => {
      const known = codeOf.get(code)
      if (known !== undefined || code !== code) return known ?? code
      codeOf.set(code, texts.length)
      return texts.push(block.texts[code]!) - 1
    }
    block.fields.forEach((field, i) => {
      if (this.#layout.isText[i]) writeNumbers(to, field.slice(from, end).map(recode), 0, end - from)
      else writeNumbers(to, field, from, end)
    })
    writeTexts(to, texts)
  }
}

/** The bytes of a tail, told whether it is alone. */
export function markTail(bytes: Buffer, hasMore: boolean): Buffer {
  const head = bytes.readUInt32LE()
  const marked = hasMore ? head | HAS_MORE : head & ~HAS_MORE
  if (marked >>> 0 === head) return bytes
  const copy = Buffer.from(bytes)
  copy.writeUInt32LE(marked >>> 0)
  return copy
}

function writeTexts(to: ByteWriter, texts: readonly string[]): void {
  to.uint32(texts.length)
  for (const text of texts) writeText(to, text)
}

export function readTexts(from: ByteReader): string[] {
  return Array.from({ length: from.uint32() }, () => readNext(from))
}

function readText(from: ByteReader, code: number): string {
  from.uint32()
  for (let i = 0; i < code; i++) {
    const bytes = from.uint32() % IS_UTF16
    from.at += bytes
  }
  return readNext(from)
}

function readNext(from: ByteReader): string {
  const head = from.uint32()
  return head >= IS_UTF16 ? from.text(head - IS_UTF16, 'utf16le') : from.text(head, 'utf8')
}

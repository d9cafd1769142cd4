/**
 * Appends an event to the bytes of a block without taking it apart: most events come after all others of their key, and mostly
 * fit the form in which each column is held.
 */
import { ByteReader, ByteWriter } from './bytes.ts'
import type { EventBatch } from './event-block.ts'
import type { Layout } from './layout.ts'
import { appendNumber, numberAt, skipNumbers } from './numbers.ts'
import { COUNT_MASK, IS_RELATIVE, IS_UTF16 } from './record-format.ts'

export class Appender {
  readonly #isText: readonly boolean[]
  readonly #hasTexts: boolean
  readonly #from = new ByteReader()
  /** In turns: what was appended to may be what comes from the other one. */
  #to = new ByteWriter()
  #other = new ByteWriter()
  /** Texts that the block has not got. */
  readonly #added: string[] = []
  #textsAt = 0
  #textsCount = 0

  constructor({ isText }: Layout) {
    this.#isText = isText
    this.#hasTexts = isText.some(Boolean)
  }

  /**
   * @param fromUs nothing is appended where more than a quarter of the events lie before it: it is time to forget them.
   * @returns bytes that are valid until the call after the next; undefined where it cannot be appended
   */
  append(bytes: Uint8Array, batch: EventBatch, row: number, eventsMax: number, fromUs: number): Buffer | undefined {
    const from = this.#from
    const to = this.#other
    this.#other = this.#to
    this.#to = to
    from.open(bytes)
    to.at = 0
    const head = from.uint32()
    const count = head & COUNT_MASK
    const timeUs = batch.timesUs[row]!
    if (count === 0 || count >= eventsMax) return undefined
    to.uint32(head + 1)
    to.double(from.double())
    const timesAt = from.at
    if (numberAt(from, count - 1) > timeUs) return undefined
    from.at = timesAt
    if (numberAt(from, count >> 2) < fromUs) return undefined
    from.at = timesAt
    const knownUs = batch.knownAtUs[row]!
    const known = (head & IS_RELATIVE) !== 0 ? knownUs - timeUs : knownUs
    if (!Number.isSafeInteger(known)) return undefined
    appendNumber(from, to, count, timeUs)
    appendNumber(from, to, count, known)
    if (this.#hasTexts) this.#findTexts(count)
    for (let i = 0; i < this.#isText.length; i++) {
      const value = batch.fields[i]![row]!
      const isCode = this.#isText[i] === true && value === value
      appendNumber(from, to, count, isCode ? this.#codeOf(batch.texts[value]!) : value)
    }
    if (this.#hasTexts) this.#writeTexts(bytes)
    return to.written()
  }

  /** Where the texts of the block begin, which lie behind all fields. */
  #findTexts(count: number): void {
    const from = this.#from
    const { at } = from
    for (let i = 0; i < this.#isText.length; i++) skipNumbers(from, count)
    this.#textsCount = from.uint32()
    this.#textsAt = from.at
    this.#added.length = 0
    from.at = at
  }

  #codeOf(text: string): number {
    const from = this.#from
    const { at } = from
    const encoding = text.isWellFormed() ? 'utf8' : 'utf16le'
    const length = Buffer.byteLength(text, encoding)
    const head = encoding === 'utf8' ? length : length + IS_UTF16
    from.at = this.#textsAt
    let found = -1
    for (let code = 0; code < this.#textsCount && found < 0; code++) {
      const other = from.uint32()
      if (other === head && from.text(length, encoding) === text) found = code
      else if (other !== head) from.at += other % IS_UTF16
    }
    from.at = at
    if (found >= 0) return found
    const known = this.#added.indexOf(text)
    return this.#textsCount + (known >= 0 ? known : this.#added.push(text) - 1)
  }

  #writeTexts(bytes: Uint8Array): void {
    const to = this.#to
    to.uint32(this.#textsCount + this.#added.length)
    to.copy(bytes, this.#textsAt - bytes.byteOffset, bytes.length)
    for (const text of this.#added) writeText(to, text)
  }
}

export function writeText(to: ByteWriter, text: string): void {
  const encoding = text.isWellFormed() ? 'utf8' : 'utf16le'
  const bytes = Buffer.byteLength(text, encoding)
  to.uint32(encoding === 'utf8' ? bytes : bytes + IS_UTF16)
  to.text(text, encoding)
}

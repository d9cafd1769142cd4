/** Some events of one key, in the order of their times. A block is used again and again: reading and adding make nothing. */

const FIRST_EVENTS = 256
/** From so many on, a look-up beats a search. */
const MANY_TEXTS = 16

/** Events as columns of equal length, to be taken by row. */
export interface EventBatch {
  readonly timesUs: Float64Array
  readonly knownAtUs: Float64Array
  /** By the layout. Codes of texts are indexes into `texts`. */
  readonly fields: readonly Float64Array[]
  readonly texts: readonly string[]
}

export interface DeferredTexts {
  all(): string[]
  at(code: number): string
}

export class EventBlock {
  size = 0
  timesUs: Float64Array = new Float64Array(FIRST_EVENTS)
  knownAtUs: Float64Array = new Float64Array(FIRST_EVENTS)
  /** By the layout. Codes of texts are indexes into `texts`. */
  readonly fields: Float64Array[]
  #texts: string[] = []
  /** Codes by text, once there are many. */
  #codes: Map<string, number> | undefined
  /** Events were dropped, and some texts may have been theirs alone. */
  hasSpareTexts = false
  #readTexts: DeferredTexts | undefined
  readonly #isText: readonly boolean[]

  /** @param isText of each field. */
  constructor(isText: readonly boolean[]) {
    this.#isText = isText
    this.fields = isText.map(() => new Float64Array(FIRST_EVENTS))
  }

  get texts(): string[] {
    if (this.#readTexts !== undefined) {
      this.#texts = this.#readTexts.all()
      this.#readTexts = undefined
      this.#codes = undefined
    }
    return this.#texts
  }

  /** One of the texts. */
  text(code: number): string {
    return this.#readTexts === undefined ? this.#texts[code]! : this.#readTexts.at(code)
  }

  /** Texts that are read when they are looked at. */
  deferTexts(read: DeferredTexts): void {
    this.#readTexts = read
  }

  clear(): void {
    this.size = 0
    this.#texts = []
    this.#readTexts = undefined
    this.#codes = undefined
    this.hasSpareTexts = false
  }

  /** Room for so many events in all. */
  reserve(events: number): void {
    if (events <= this.timesUs.length) return
    const length = Math.max(events, 2 * this.timesUs.length)
    this.timesUs = grown(this.timesUs, length)
    this.knownAtUs = grown(this.knownAtUs, length)
    this.fields.forEach((field, i) => {
      this.fields[i] = grown(field, length)
    })
  }

  insert(batch: EventBatch, row: number): void {
    const timeUs = batch.timesUs[row]!
    this.reserve(this.size + 1)
    const at = this.#placeOf(timeUs)
    this.#put(this.timesUs, at, timeUs)
    this.#put(this.knownAtUs, at, batch.knownAtUs[row]!)
    for (let i = 0; i < this.fields.length; i++) {
      const value = batch.fields[i]![row]!
      this.#put(this.fields[i]!, at, this.#isText[i] && value === value ? this.#code(batch.texts[value]!) : value)
    }
    this.size++
  }

  /** Forgets the events before a moment. */
  dropBefore(momentUs: number): void {
    let count = 0
    while (count < this.size && this.timesUs[count]! < momentUs) count++
    if (count === 0) return
    if (count > 0) this.hasSpareTexts = true
    for (const values of [this.timesUs, this.knownAtUs, ...this.fields]) values.copyWithin(0, count, this.size)
    this.size -= count
  }

  /** After all events of that time. */
  #placeOf(timeUs: number): number {
    let at = this.size
    while (at > 0 && this.timesUs[at - 1]! > timeUs) at--
    return at
  }

  #put(values: Float64Array, at: number, value: number): void {
    if (at < this.size) values.copyWithin(at + 1, at, this.size)
    values[at] = value
  }

  #code(text: string): number {
    const { texts } = this
    if (texts.length < MANY_TEXTS) {
      const known = texts.indexOf(text)
      return known >= 0 ? known : texts.push(text) - 1
    }
    this.#codes ??= new Map(texts.map((each, code) => [each, code]))
    const known = this.#codes.get(text)
    if (known !== undefined) return known
    this.#codes.set(text, texts.length)
    return texts.push(text) - 1
  }
}

function grown(values: Float64Array, length: number): Float64Array {
  const longer = new Float64Array(length)
  longer.set(values)
  return longer
}

/**
 * A pass over keys of a wave in the order of their bytes, which is that of the pages on disk: neighbours lie in one page, so that
 * reading and writing many keys takes a third of the time that it takes in any other order.
 *
 * Keys are sorted by four bytes at a time, and those that have these in common by the next four. Few that have much in common
 * are left as they came: they are neighbours already.
 */
import { type KeyRoster, WORD_BYTES } from './key-roster.ts'

/** Keys between two looks at the clock. */
const KEYS_AT_ONCE = 32
/** Fewer than these share some pages. */
const SORTED_MIN = 16
/** Some milliseconds of work. Beside a word, a double holds so great a number exactly. */
const SORTED_MAX = 2 ** 15
/** Into which more are dealt. */
const PILES = 1024

/** The keys of a wave, by their numbers. */
interface Numbered {
  readonly keys: number
  /** Undefined: no request can ask for it. */
  bytesOf(number: number): Buffer | undefined
}

/** Keys that have all bytes before `at` in common, by their places. */
interface Alike {
  readonly from: number
  readonly end: number
  readonly at: number
}

export class KeyPass {
  readonly #wave: Numbered
  readonly #roster: KeyRoster
  readonly #numbers: Int32Array
  readonly #alike: Alike[] = []
  /** Of keys that are sorted: a word of each, and beside it the place of its number among those that are moved. */
  readonly #words: Float64Array
  readonly #moved: Int32Array
  #next = 0

  constructor(wave: Numbered, roster: KeyRoster) {
    this.#wave = wave
    this.#roster = roster
    this.#numbers = new Int32Array(wave.keys)
    for (let i = 0; i < this.#numbers.length; i++) this.#numbers[i] = i
    this.#words = new Float64Array(this.#numbers.length)
    this.#moved = new Int32Array(this.#numbers.length)
    this.#alike.push({ from: 0, end: this.#numbers.length, at: 0 })
  }

  /** Goes on until a moment. @returns whether all keys that a request can ask for were visited */
  goOn(untilMs: number, visit: (number: number, keyBytes: Buffer) => void): boolean {
    return this.#list(untilMs) && this.#sort(untilMs) && this.#visit(untilMs, visit)
  }

  #list(untilMs: number): boolean {
    const [wave, roster] = [this.#wave, this.#roster]
    while (roster.length < this.#numbers.length) {
      if (roster.length % KEYS_AT_ONCE === 0 && performance.now() >= untilMs) return false
      roster.add(wave.bytesOf(roster.length))
    }
    return true
  }

  #sort(untilMs: number): boolean {
    for (let alike = this.#alike.pop(); alike !== undefined; alike = this.#alike.pop()) {
      this.#sortAlike(alike)
      if (performance.now() >= untilMs) break
    }
    return this.#alike.length === 0
  }

  #sortAlike(alike: Alike): void {
    const { from, end, at } = alike
    const [numbers, roster] = [this.#numbers, this.#roster]
    const words = this.#words.subarray(from, end)
    let [least, most] = [Number.POSITIVE_INFINITY, 0]
    for (let i = 0; i < words.length; i++) {
      const word = roster.word(numbers[from + i]!, at)
      if (word < least) least = word
      if (word > most) most = word
      words[i] = word
    }
    this.#moved.set(numbers.subarray(from, end))
    if (least === most) this.#noteAlike(from, end, at + WORD_BYTES)
    else if (words.length > SORTED_MAX) this.#deal(alike, words, least, most)
    else this.#sortWords(alike, words)
  }

  /** Deals many keys to piles that are sorted one by one. */
  #deal({ from, at }: Alike, words: Float64Array, least: number, most: number): void {
    const scale = (PILES - 1) / (most - least)
    const starts = new Int32Array(PILES + 1)
    for (let i = 0; i < words.length; i++) starts[Math.floor((words[i]! - least) * scale) + 1]!++
    for (let pile = 0; pile < PILES; pile++) starts[pile + 1]! += starts[pile]!
    const ends = starts.slice()
    for (let i = 0; i < words.length; i++) {
      const place = ends[Math.floor((words[i]! - least) * scale)]!++
      this.#numbers[from + place] = this.#moved[i]!
    }
    for (let pile = 0; pile < PILES; pile++) {
      const [first, end] = [from + starts[pile]!, from + starts[pile + 1]!]
      if (end - first > 1) this.#alike.push({ from: first, end, at })
    }
  }

  #sortWords({ from, end, at }: Alike, words: Float64Array): void {
    const numbers = this.#numbers
    for (let i = 0; i < words.length; i++) words[i] = words[i]! * SORTED_MAX + i
    words.sort()
    let [first, word] = [from, -1]
    for (let i = 0; i < words.length; i++) {
      const own = Math.floor(words[i]! / SORTED_MAX)
      numbers[from + i] = this.#moved[words[i]! - own * SORTED_MAX]!
      if (own === word) continue
      this.#noteAlike(first, from + i, at + WORD_BYTES)
      first = from + i
      word = own
    }
    this.#noteAlike(first, end, at + WORD_BYTES)
  }

  #noteAlike(from: number, end: number, at: number): void {
    if (end - from >= SORTED_MIN && this.#roster.lengthOf(this.#numbers[from]!) > at) this.#alike.push({ from, end, at })
  }

  #visit(untilMs: number, visit: (number: number, keyBytes: Buffer) => void): boolean {
    for (; this.#next < this.#numbers.length; this.#next++) {
      if (this.#next % KEYS_AT_ONCE === 0 && performance.now() >= untilMs) return false
      const number = this.#numbers[this.#next]!
      const keyBytes = this.#roster.at(number)
      if (keyBytes !== undefined) visit(number, keyBytes)
    }
    return true
  }
}

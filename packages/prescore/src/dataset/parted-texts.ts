/** The texts of rows that wait to be written in pieces: chunks come with dictionaries of their own, and a piece has one of its few texts. */
import { Dictionary, type StringColumn } from '../expressions/index.ts'

/** Of all that is held at once; when there are more, all that is held is written. */
const TEXTS_MAX = 65_536
const CHARACTERS_MAX = 4 * 1024 * 1024

export class PartedTexts {
  #held = new Dictionary()
  #characters = 0
  /** Of the dictionary that came last: for each of its codes that of the text here; below 0: it was not met yet. */
  #of: readonly string[] = []
  #own = new Int32Array(0)
  #codes = new Int32Array(0)
  /** By code: the piece in which it was met last, and its code there. */
  #pieceOf = new Int32Array(0)
  #codeOf = new Int32Array(0)
  #piece = 0

  /** Then nothing that is held may have codes of before {@link clear}. */
  get isFull(): boolean {
    return this.#held.texts.length > TEXTS_MAX || this.#characters > CHARACTERS_MAX
  }

  clear(): void {
    this.#held = new Dictionary()
    this.#characters = 0
    this.#own.fill(-1)
  }

  /** The codes of a column by the texts here. Valid until the next call. */
  codesOf({ codes, dictionary }: StringColumn, rows: number): Int32Array {
    this.#follow(dictionary)
    if (this.#codes.length < rows) this.#codes = new Int32Array(rows)
    const [own, to] = [this.#own, this.#codes]
    for (let row = 0; row < rows; row++) {
      const code = codes[row] as number
      to[row] = code < 0 ? code : own[code] === -1 ? this.#meet(code) : (own[code] as number)
    }
    return to
  }

  /** Makes codes those of a piece. @returns its texts */
  takeFrom(codes: Float64Array): readonly string[] {
    const { texts: held } = this.#held
    if (this.#pieceOf.length < held.length) {
      this.#pieceOf = new Int32Array(2 * held.length)
      this.#codeOf = new Int32Array(2 * held.length)
    }
    const [pieceOf, codeOf, piece] = [this.#pieceOf, this.#codeOf, ++this.#piece]
    const texts: string[] = []
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i] as number
      if (code < 0) continue
      if (pieceOf[code] !== piece) {
        pieceOf[code] = piece
        codeOf[code] = texts.push(held[code] as string) - 1
      }
      codes[i] = codeOf[code] as number
    }
    return texts
  }

  /** A dictionary may grow, and stays the same array. */
  #follow(dictionary: readonly string[]): void {
    const known = this.#of === dictionary ? this.#own : undefined
    this.#of = dictionary
    if (this.#own.length < dictionary.length) {
      const grown = new Int32Array(2 * dictionary.length).fill(-1)
      if (known !== undefined) grown.set(known)
      this.#own = grown
    } else if (known === undefined) this.#own.fill(-1)
  }

  #meet(code: number): number {
    const text = this.#of[code] as string
    const before = this.#held.texts.length
    const own = this.#held.code(text)
    if (own === before) this.#characters += text.length
    this.#own[code] = own
    return own
  }
}

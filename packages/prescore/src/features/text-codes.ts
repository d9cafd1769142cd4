/** The codes of texts that come with one dictionary after another, in a dictionary of their own. */
import { Dictionary, type StringColumn } from '../expressions/index.ts'

export class TextCodes {
  readonly #dictionary = new Dictionary()

  get texts(): readonly string[] {
    return this.#dictionary.texts
  }

  of({ codes, dictionary }: StringColumn): Int32Array {
    const own = this.translation(dictionary)
    const translated = new Int32Array(codes.length)
    for (let i = 0; i < codes.length; i++) {
      const code = codes[i]!
      translated[i] = code < 0 ? code : own[code]!
    }
    return translated
  }

  /** By code of a dictionary the own code. */
  translation(dictionary: readonly string[]): readonly number[] {
    return this.#dictionary.translation(dictionary)
  }
}

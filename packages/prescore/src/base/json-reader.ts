/** A JSON parser that gives each number by its text, so that a caller can tell 1 from 1.0, and takes the tokens of non-finite numbers. */
import { PrescoreError } from './errors.ts'

/** @param source as it stands in the text; a token comes as `NaN`, `Infinity` or `-Infinity`. */
type NumberOf = (source: string, isWhole: boolean) => unknown

const DEPTH_MAX = 64
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y
const TOKEN = /-?Infinity|NaN/y
const SPACE = /[ \t\n\r]*/y
const WORDS: Readonly<Record<string, { readonly text: string; readonly value: unknown }>> = {
  t: { text: 'true', value: true },
  f: { text: 'false', value: false },
  n: { text: 'null', value: null },
}

/**
 * The value of a text. Objects have no prototype, and of a repeated name the last stands.
 * @throws PrescoreError `invalid_json`
 */
export function readJson(text: string, numberOf: NumberOf, options: { readonly restIgnored?: boolean } = {}): unknown {
  const reader = new Reader(text, numberOf)
  const value = reader.value(0)
  if (options.restIgnored !== true) reader.end()
  return value
}

class Reader {
  readonly #text: string
  readonly #numberOf: NumberOf
  #at = 0

  constructor(text: string, numberOf: NumberOf) {
    this.#text = text
    this.#numberOf = numberOf
  }

  value(depth: number): unknown {
    if (depth > DEPTH_MAX) throw this.#broken(`more than ${DEPTH_MAX} levels`)
    this.#take(SPACE)
    const first = this.#text[this.#at]
    if (first === '{') return this.#object(depth)
    if (first === '[') return this.#array(depth)
    if (first === '"') return this.#string()
    const word = first === undefined ? undefined : WORDS[first]
    return word === undefined ? this.#number() : this.#word(word)
  }

  end(): void {
    this.#take(SPACE)
    if (this.#at < this.#text.length) throw this.#broken('something after the value')
  }

  #object(depth: number): Record<string, unknown> {
    const object = Object.create(null) as Record<string, unknown>
    this.#at++
    if (this.#next('}')) return object
    do {
      this.#take(SPACE)
      const name = this.#string()
      if (!this.#next(':')) throw this.#broken('no colon')
      object[name] = this.value(depth + 1)
    } while (this.#next(','))
    if (!this.#next('}')) throw this.#broken('an object without an end')
    return object
  }

  #array(depth: number): unknown[] {
    const array: unknown[] = []
    this.#at++
    if (this.#next(']')) return array
    do array.push(this.value(depth + 1))
    while (this.#next(','))
    if (!this.#next(']')) throw this.#broken('a list without an end')
    return array
  }

  #string(): string {
    const from = this.#at
    if (this.#text[from] !== '"') throw this.#broken('no text')
    let end = this.#text.indexOf('"', from + 1)
    while (end > 0 && this.#isEscaped(end)) end = this.#text.indexOf('"', end + 1)
    if (end < 0) throw this.#broken('a text without an end')
    this.#at = end + 1
    try {
      return JSON.parse(this.#text.slice(from, end + 1)) as string
    } catch {
      throw this.#broken('a text with what none may hold')
    }
  }

  /** Whether an odd number of backslashes stands before. */
  #isEscaped(at: number): boolean {
    let before = at
    while (this.#text[before - 1] === '\\') before--
    return (at - before) % 2 === 1
  }

  #number(): unknown {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    const source = match?.[0] ?? this.#take(TOKEN)
    if (source === undefined) throw this.#broken('no value')
    if (match !== null) this.#at += source.length
    return this.#numberOf(source, match !== null && match[1] === undefined && match[2] === undefined)
  }

  #word({ text, value }: { readonly text: string; readonly value: unknown }): unknown {
    if (!this.#text.startsWith(text, this.#at)) throw this.#broken('no value')
    this.#at += text.length
    return value
  }

  #next(character: string): boolean {
    this.#take(SPACE)
    if (this.#text[this.#at] !== character) return false
    this.#at++
    return true
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0]
    this.#at += found?.length ?? 0
    return found
  }

  #broken(what: string): PrescoreError {
    return new PrescoreError('invalid_json', { found: `${what} at character ${this.#at}` })
  }
}

/**
 * Bodies that most clients send, read without a parse: `{"key": …, "inputs": {…}}`, and `{"requests": [ … ]}` of such. What they may
 * hold is known from the prediction, so nothing is made but key and inputs, checked on the way. Whatever is anything but plain (options,
 * escapes, long numbers, other kinds, an error) is left to the general way, which gives the same for what is read here.
 */
import type { InputKinds, Inputs, InputValue, Key, KeyColumns, KeyValue } from '../project/index.ts'
import type { Resolver } from '../resolve/index.ts'

export interface PlainRequest {
  readonly key: Key | undefined
  readonly inputs: Inputs | undefined
}

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, DOT, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2e, 0x30, 0x39]
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]
/** Numbers of no more characters are exact, whole or not. */
const NUMBER_CHARS_MAX = 15
const READ_INPUTS: readonly string[] = ['string', 'boolean', 'float64', 'int64']

export class PlainBody {
  readonly #columns: readonly (readonly [token: string, name: string, isText: boolean])[]
  readonly #inputs: readonly (readonly [token: string, name: string, kind: string])[]
  readonly #requestsMax: number
  readonly #canRead: boolean
  #text = ''
  #at = 0
  #failed = false

  constructor({ prediction, keyColumns }: Pick<Resolver, 'prediction' | 'keyColumns'>, requestsMax: number) {
    this.#requestsMax = requestsMax
    this.#columns = columnsOf(keyColumns)
    this.#inputs = inputsOf(prediction.inputs)
    // To set it would make no member.
    this.#canRead = ![...this.#columns, ...this.#inputs].some(([, name]) => name === '__proto__')
  }

  /** @param text of a body that is ASCII. Undefined: it is not plain. */
  read(text: string): PlainRequest | readonly PlainRequest[] | undefined {
    this.#text = text
    this.#at = 0
    this.#failed = !this.#canRead
    this.#expect(OPEN)
    const read = this.#takesToken('"requests"') ? this.#requests() : this.#request()
    this.#skip()
    return this.#failed || this.#at !== text.length ? undefined : read
  }

  /** From the colon after `requests` on. */
  #requests(): readonly PlainRequest[] {
    const requests: PlainRequest[] = []
    this.#expect(COLON)
    this.#expect(OPEN_LIST)
    do {
      this.#expect(OPEN)
      requests.push(this.#request())
    } while (!this.#failed && requests.length < this.#requestsMax && this.#takes(COMMA))
    this.#expect(CLOSE_LIST)
    this.#expect(CLOSE)
    return requests
  }

  /** Behind the brace that opens it. */
  #request(): PlainRequest {
    let key: Key | undefined
    let inputs: Inputs | undefined
    do {
      if (key === undefined && this.#takesToken('"key"')) key = this.#key()
      else if (inputs === undefined && this.#takesToken('"inputs"')) inputs = this.#inputsOf()
      else this.#failed = true
    } while (!this.#failed && this.#takes(COMMA))
    this.#expect(CLOSE)
    if ((key === undefined) !== (this.#columns.length === 0)) this.#failed = true
    return { key, inputs }
  }

  /** All columns, in the entity's order; of a single one the mere value will do. */
  #key(): Key {
    const key: Record<string, KeyValue> = {}
    this.#expect(COLON)
    if (!this.#takes(OPEN)) {
      const [only, ...more] = this.#columns
      if (only === undefined || more.length > 0) this.#failed = true
      else key[only[1]] = only[2] ? this.#string() : this.#number(false)
      return key
    }
    for (let i = 0; i < this.#columns.length && !this.#failed; i++) {
      const [token, name, isText] = this.#columns[i]!
      if (i > 0) this.#expect(COMMA)
      if (!this.#takesToken(token)) this.#failed = true
      this.#expect(COLON)
      key[name] = isText ? this.#string() : this.#number(false)
    }
    this.#expect(CLOSE)
    return key
  }

  #inputsOf(): Inputs {
    const inputs: Record<string, InputValue> = {}
    this.#expect(COLON)
    this.#expect(OPEN)
    do {
      const found = this.#inputs.find(([token]) => this.#takesToken(token))
      if (found === undefined || inputs[found[1]] !== undefined) {
        this.#failed = true
        break
      }
      this.#expect(COLON)
      inputs[found[1]] = this.#value(found[2])
    } while (!this.#failed && this.#takes(COMMA))
    this.#expect(CLOSE)
    return inputs
  }

  #value(kind: string): InputValue {
    if (kind === 'string') return this.#string()
    if (kind !== 'boolean') return this.#number(kind === 'float64')
    if (this.#takesToken('true')) return true
    if (!this.#takesToken('false')) this.#failed = true
    return false
  }

  #string(): string {
    this.#expect(QUOTE)
    const text = this.#text
    const from = this.#at
    let at = from
    for (; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) break
      if (code < 0x20 || code === BACKSLASH) this.#failed = true
    }
    this.#at = at
    this.#expect(QUOTE)
    return text.slice(from, at)
  }

  /** `-?digits(.digits)?`, short and without needless zeros; not −0. */
  #number(mayHaveFraction: boolean): number {
    this.#skip()
    const text = this.#text
    const from = this.#at
    let at = text.charCodeAt(from) === MINUS ? from + 1 : from
    const wholeFrom = at
    while (isDigit(text.charCodeAt(at))) at++
    const hasZeros = text.charCodeAt(wholeFrom) === ZERO && (at > wholeFrom + 1 || wholeFrom > from)
    if (at === wholeFrom || hasZeros) this.#failed = true
    if (mayHaveFraction && text.charCodeAt(at) === DOT) {
      const fractionFrom = ++at
      while (isDigit(text.charCodeAt(at))) at++
      if (at === fractionFrom) this.#failed = true
    }
    if (at - from > NUMBER_CHARS_MAX || !isEnd(text.charCodeAt(at))) this.#failed = true
    this.#at = at
    return Number(text.slice(from, at))
  }

  #takesToken(token: string): boolean {
    this.#skip()
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #takes(code: number): boolean {
    this.#skip()
    if (this.#text.charCodeAt(this.#at) !== code) return false
    this.#at++
    return true
  }

  #expect(code: number): void {
    if (!this.#takes(code)) this.#failed = true
  }

  #skip(): void {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++
  }
}

function columnsOf(columns: KeyColumns): (readonly [token: string, name: string, isText: boolean])[] {
  return Object.entries(columns).map(([name, kind]) => [JSON.stringify(name), name, kind === 'string'])
}

function inputsOf(kinds: InputKinds): (readonly [token: string, name: string, kind: string])[] {
  return Object.entries(kinds).flatMap(([name, kind]) => (READ_INPUTS.includes(kind) ? [[JSON.stringify(name), name, kind] as const] : []))
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** What may follow a number. */
function isEnd(code: number): boolean {
  return code === COMMA || code === CLOSE || isSpace(code)
}

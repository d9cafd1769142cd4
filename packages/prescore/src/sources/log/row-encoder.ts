/** Events to bytes. What an event may hold is decided here: nothing is converted, nothing is guessed. */
import { PrescoreError, shown, suggestion } from '../../base/index.ts'
import { type ZoneRules, zoneRules } from '../../expressions/index.ts'
import type { SourceDefinition } from '../../project/index.ts'
import type { Layout, LayoutColumn } from './layout.ts'
import { eventTimeUs } from './times.ts'

/** A first guess of an event's bytes. */
const EVENT_BYTES = 128
/** Texts of at most this length are written here, if they are ASCII; that is faster than a call. */
const SHORT_TEXT = 32
const TWO_32 = 2 ** 32
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

const EXPECTED = {
  string: 'a string',
  int64: 'a whole number (int64)',
  float64: 'a finite number',
  boolean: 'true or false',
  timestamp: 'a time as text, such as 2001-06-15T03:00:00-04:00',
} as const

/** Writes events one after another. It throws nothing: an event that cannot be taken gives an error and leaves no bytes. */
export class RowEncoder {
  readonly #layout: Layout
  readonly #zone: ZoneRules | undefined
  /** Columns that no event may lack, with the code for those that do. */
  readonly #needed: readonly (readonly [LayoutColumn, 'missing_time' | 'missing_id'])[]
  readonly #texts: (string | undefined)[]
  #bytes: Buffer
  #length = 0

  /** @param events how many are about to come */
  constructor(layout: Layout, { time, id, zone }: SourceDefinition, events: number) {
    this.#layout = layout
    this.#zone = zone === undefined ? undefined : zoneRules(zone)
    const needed = (name: string | undefined, code: 'missing_time' | 'missing_id') => {
      const column = name === undefined ? undefined : layout.column(name)
      return column === undefined ? [] : [[column, code] as const]
    }
    this.#needed = [...needed(time, 'missing_time'), ...needed(id, 'missing_id')]
    this.#texts = new Array(layout.columns.length)
    this.#bytes = Buffer.allocUnsafe(EVENT_BYTES * Math.max(1, events))
  }

  /** The rows so far. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** Appends the event's row, or says why it cannot be taken. */
  encode(event: unknown): PrescoreError | undefined {
    if (event instanceof PrescoreError) return event
    if (event === null || typeof event !== 'object' || Array.isArray(event)) {
      return new PrescoreError('wrong_type', { where: 'the event', found: shown(event), expected: 'an object of declared columns' })
    }
    this.#begin()
    for (const name of Object.keys(event)) {
      const value = (event as Record<string, unknown>)[name]
      const column = this.#layout.column(name)
      if (column === undefined) return this.#unknown(name)
      const refused = value === null || value === undefined ? undefined : this.#put(column, value)
      if (refused !== undefined) return refused
    }
    return this.#missing() ?? this.#end()
  }

  /** Everything missing. */
  #begin(): void {
    const { bitmapBytes, fixedBytes } = this.#layout
    this.#reserve(fixedBytes)
    this.#bytes.fill(0xff, this.#length, this.#length + bitmapBytes)
    this.#bytes.fill(0, this.#length + bitmapBytes, this.#length + fixedBytes)
    this.#texts.fill(undefined)
  }

  #put(column: LayoutColumn, value: unknown): PrescoreError | undefined {
    const refused = this.#write(column, value)
    if (refused === undefined) {
      const byte = this.#length + (column.index >> 3)
      this.#bytes[byte] = (this.#bytes[byte] as number) & ~(1 << (column.index & 7))
    }
    return refused
  }

  #write(column: LayoutColumn, value: unknown): PrescoreError | undefined {
    switch (column.kind) {
      case 'string':
        return this.#text(column, value)
      case 'int64':
        return this.#integer(column, value)
      case 'float64':
        return this.#float(column, value)
      case 'timestamp':
        return this.#time(column, value)
      case 'boolean':
        return typeof value === 'boolean' ? this.#double(column, value ? 1 : 0) : wrongType(column, value)
    }
  }

  #text(column: LayoutColumn, value: unknown): PrescoreError | undefined {
    if (typeof value !== 'string') return wrongType(column, value)
    if (!value.isWellFormed())
      return new PrescoreError('invalid_text', { where: `\`${column.name}\``, found: 'a lone surrogate', expected: 'valid Unicode' })
    this.#texts[column.index] = value
    return undefined
  }

  #integer(column: LayoutColumn, value: unknown): PrescoreError | undefined {
    const at = this.#length + column.at
    if (typeof value === 'bigint') {
      if (value < INT64_MIN || value > INT64_MAX) return wrongType(column, value)
      this.#bytes.writeBigInt64LE(value, at)
      return undefined
    }
    if (typeof value !== 'number' || !Number.isInteger(value)) return wrongType(column, value)
    if (!Number.isSafeInteger(value)) {
      const expected = 'integers beyond ±(2^53 − 1) as bigint, or in JSON in full digits'
      return new PrescoreError('lossy_cast', {
        where: `\`${column.name}\``,
        found: String(value),
        expected,
        fix: 'Write the integer in full digits.',
      })
    }
    const high = Math.floor(value / TWO_32)
    this.#bytes.writeUInt32LE(value - high * TWO_32, at)
    this.#bytes.writeInt32LE(high, at + 4)
    return undefined
  }

  /** A whole number in many digits comes as bigint: like any other JSON number it stands for the nearest double. */
  #float(column: LayoutColumn, value: unknown): PrescoreError | undefined {
    const number = typeof value === 'bigint' ? Number(value) : value
    return typeof number === 'number' && Number.isFinite(number) ? this.#double(column, number) : wrongType(column, value)
  }

  #time(column: LayoutColumn, value: unknown): PrescoreError | undefined {
    if (typeof value !== 'string') return wrongType(column, value)
    const us = eventTimeUs(value, this.#zone)
    if (typeof us === 'number') return this.#double(column, us)
    if (us === 'wrong_type') return wrongType(column, value)
    const fix = us === 'zone_missing' ? 'End the time with its zone (Z or an offset), or declare the `zone` of the source.' : undefined
    return new PrescoreError(us, { where: `\`${column.name}\``, found: shown(value), ...(fix === undefined ? {} : { fix }) })
  }

  #double(column: LayoutColumn, value: number): undefined {
    this.#bytes.writeDoubleLE(value, this.#length + column.at)
  }

  #missing(): PrescoreError | undefined {
    for (const [{ name, index }, code] of this.#needed) {
      const bits = this.#bytes[this.#length + (index >> 3)] as number
      if (((bits >> (index & 7)) & 1) === 1) return new PrescoreError(code, { where: 'the event', found: `no \`${name}\`` })
    }
    return undefined
  }

  /** The texts, behind what has a fixed width. */
  #end(): undefined {
    let end = this.#length + this.#layout.fixedBytes
    for (const { index, at } of this.#layout.texts) {
      const text = this.#texts[index]
      if (text === undefined) continue
      this.#reserve(end - this.#length + 3 * text.length)
      const length = this.#writeText(text, end)
      this.#bytes.writeUInt32LE(length, this.#length + at)
      end += length
    }
    this.#length = end
  }

  #writeText(text: string, at: number): number {
    const { length } = text
    if (length > SHORT_TEXT) return this.#bytes.write(text, at)
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) return this.#bytes.write(text, at)
      this.#bytes[at + i] = unit
    }
    return length
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const grown = Buffer.allocUnsafe(Math.max(this.#length + more, 2 * this.#bytes.length))
    this.#bytes.copy(grown)
    this.#bytes = grown
  }

  #unknown(name: string): PrescoreError {
    const names = this.#layout.columns.map(column => column.name)
    return new PrescoreError('unknown_column', { where: shown(name), fix: suggestion(name, names) })
  }
}

function wrongType({ name, kind }: LayoutColumn, value: unknown): PrescoreError {
  return new PrescoreError('wrong_type', { where: `\`${name}\``, found: shown(value), expected: EXPECTED[kind] })
}

/**
 * Keys as bytes: a typed tuple that sorts as its values compare, so that stores and digests can order by bytes.
 *
 * int64: 0x01, then eight bytes, big-endian, sign bit flipped. string: 0x02, UTF-8 with 0x00 written as 0x00 0xFF,
 * then 0x00. No normalisation; lone surrogates are refused; at most 1,024 bytes.
 */
import { PrescoreError, shown, suggestion } from '../base/index.ts'
import type { KeyColumns } from './types.ts'

export type KeyValue = string | number | bigint
/** A key as a user writes it: one value for each of the entity's columns. */
export type Key = Readonly<Record<string, KeyValue>>

export const KEY_BYTES_MAX = 1024
const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n

/** Whole numbers up to here are written fast as they are. */
const SMALL_MAX = 2 ** 31 - 1

/** A safe integer is two small ones, of which the lower has nine digits. */
const LOWER = 1e9

/** Fewer bytes than these are written faster one by one than by a call. */
const SHORT_BYTES = 32

/** Where keys are put together. A text takes at most three bytes a character, and a zero byte in it two. */
const scratch = Buffer.allocUnsafeSlow(8 * KEY_BYTES_MAX)

/** The bytes of a key. @throws PrescoreError `invalid_key` */
export function encodeKey(columns: KeyColumns, key: Key): Buffer {
  const length = putTogether(columns, key)
  const bytes = Buffer.allocUnsafe(length)
  copyScratch(length, bytes, 0)
  return bytes
}

/** Puts the bytes of a key where others are. @returns where they end; there must be room for {@link KEY_BYTES_MAX}. @throws PrescoreError `invalid_key` */
export function writeKey(columns: KeyColumns, key: Key, to: Uint8Array, at: number): number {
  const length = putTogether(columns, key)
  copyScratch(length, to, at)
  return at + length
}

/** @returns how many bytes of the scratch are the key's */
function putTogether(columns: KeyColumns, key: Key): number {
  let length = 0
  for (const name of Object.keys(columns)) {
    length = columns[name] === 'string' ? writeString(key[name], name, length) : writeInt64(key[name], name, length)
    if (length > KEY_BYTES_MAX)
      throw new PrescoreError('invalid_key', { found: `a key of ${length} bytes or more`, expected: `at most ${KEY_BYTES_MAX}` })
  }
  return length
}

function copyScratch(length: number, to: Uint8Array, at: number): void {
  if (length > SHORT_BYTES) to.set(scratch.subarray(0, length), at)
  else for (let i = 0; i < length; i++) to[at + i] = scratch[i] as number
}

/** The key of the bytes that {@link encodeKey} made; int64 beyond ±2^53 comes as bigint. */
export function decodeKey(columns: KeyColumns, bytes: Uint8Array): Key {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const key: Record<string, KeyValue> = {}
  let at = 0
  for (const [name, kind] of Object.entries(columns)) {
    at++
    if (kind === 'int64') {
      key[name] = narrow(BigInt.asIntN(64, buffer.readBigUInt64BE(at) ^ (1n << 63n)))
      at += 8
    } else {
      let end = at
      while (buffer[end] !== 0 || buffer[end + 1] === 0xff) end += buffer[end] === 0 ? 2 : 1
      key[name] = unescape(buffer.subarray(at, end))
      at = end + 1
    }
  }
  return key
}

/**
 * A key from values as JSON gives them: exactly the entity's columns, never coerced ("1" is not 1).
 * @throws PrescoreError `invalid_key`
 */
export function checkKey(columns: KeyColumns, value: unknown): Key {
  const names = Object.keys(columns)
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    if (names.length === 1 && value !== null && typeof value !== 'object') return checkKey(columns, { [names[0] as string]: value })
    throw new PrescoreError('invalid_key', { found: shown(value), expected: `an object with ${names.join(', ')}` })
  }
  const unknown = Object.keys(value).find(name => !Object.hasOwn(columns, name))
  if (unknown !== undefined)
    throw new PrescoreError('invalid_key', {
      found: `\`${unknown}\``,
      expected: `the key columns ${names.join(', ')}`,
      fix: suggestion(unknown, names),
    })
  for (const name of names) {
    if (!Object.hasOwn(value, name))
      throw new PrescoreError('invalid_key', { found: `no \`${name}\``, expected: `the key columns ${names.join(', ')}` })
  }
  encodeKey(columns, value as Key)
  return value as Key
}

/**
 * A key from texts, as in query strings and on the command line: int64 columns are read as whole decimal numbers.
 * @throws PrescoreError `invalid_key`
 */
export function parseKey(columns: KeyColumns, texts: Readonly<Record<string, string>>): Key {
  const key = Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, columns[name] === 'int64' ? parseInt64(text, name) : text]),
  )
  return checkKey(columns, key)
}

/** The JSON of a key, members in the entity's order; int64 in full digits. */
export function keyJson(columns: KeyColumns, key: Key): string {
  const members = Object.keys(columns).map(name => `${JSON.stringify(name)}:${keyValueJson(key[name] as KeyValue)}`)
  return `{${members.join(',')}}`
}

/** The JSON of one value of a key. */
export function keyValueJson(value: KeyValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  return typeof value === 'number' && Math.abs(value) > SMALL_MAX && Number.isSafeInteger(value) ? longText(value) : String(value)
}

/** The digits of a large double are searched for; those of an integer are known, and those of small ones at once. */
function longText(value: number): string {
  const size = Math.abs(value)
  const upper = Math.floor(size / LOWER)
  // With a 1 before them, the lower digits keep their zeros.
  return `${value < 0 ? '-' : ''}${upper}${String(size - upper * LOWER + LOWER).slice(1)}`
}

function parseInt64(text: string, name: string): KeyValue {
  if (/^-?\d{1,19}$/.test(text)) return narrow(BigInt(text))
  throw new PrescoreError('invalid_key', { where: `\`${name}\``, found: JSON.stringify(text), expected: 'a whole number (int64)' })
}

function narrow(value: bigint): number | bigint {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : value
}

function writeInt64(value: KeyValue | undefined, name: string, at: number): number {
  scratch[at] = 1
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    const high = Math.floor(value / 2 ** 32)
    writeWord(high, at + 1)
    writeWord(value - high * 2 ** 32, at + 5)
  } else if (typeof value === 'bigint' && value >= INT64_MIN && value <= INT64_MAX) scratch.writeBigInt64BE(value, at + 1)
  else throw new PrescoreError('invalid_key', { where: `\`${name}\``, found: shown(value), expected: 'a whole number (int64)' })
  scratch[at + 1] = (scratch[at + 1] as number) ^ 0x80
  return at + 9
}

/** As Node's methods write it, which look at their arguments first: keys are written by the million. */
function writeWord(word: number, at: number): void {
  scratch[at] = word >>> 24
  scratch[at + 1] = word >>> 16
  scratch[at + 2] = word >>> 8
  scratch[at + 3] = word
}

function writeString(value: KeyValue | undefined, name: string, at: number): number {
  const plainEnd = typeof value === 'string' ? writePlain(value, at) : -1
  if (plainEnd > 0) return plainEnd
  if (typeof value !== 'string' || !value.isWellFormed()) {
    const found = typeof value === 'string' ? 'a lone surrogate' : shown(value)
    throw new PrescoreError('invalid_key', { where: `\`${name}\``, found, expected: 'a string of valid Unicode' })
  }
  if (value.length > KEY_BYTES_MAX) return at + value.length + 2
  scratch[at] = 2
  const escaped = value.includes('\0') ? Buffer.from(value).toString('latin1').replaceAll('\0', '\0\xff') : undefined
  const end = at + 1 + (escaped === undefined ? scratch.write(value, at + 1) : scratch.write(escaped, at + 1, 'latin1'))
  scratch[end] = 0
  return end + 1
}

/** A short text of ASCII without zero bytes; -1: it is another. */
function writePlain(value: string, at: number): number {
  if (value.length > SHORT_BYTES) return -1
  scratch[at] = 2
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code === 0 || code > 0x7f) return -1
    scratch[at + 1 + i] = code
  }
  scratch[at + 1 + value.length] = 0
  return at + value.length + 2
}

function unescape(bytes: Buffer): string {
  return bytes.includes(0)
    ? Buffer.from(bytes.toString('latin1').replaceAll('\0\xff', '\0'), 'latin1').toString('utf8')
    : bytes.toString('utf8')
}

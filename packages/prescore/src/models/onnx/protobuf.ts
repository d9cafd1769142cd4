/** The wire format of protocol buffers, just enough to walk a message without its schema. Bounded: never reads outside. */

/** The bytes are not a whole message; `message` says where they break. */
export class MalformedMessage extends Error {}

/** One field: its number, and either a varint's value or the bytes of a string, a message, packed values or one of fixed width. */
export interface Field {
  readonly number: number
  /** Of a varint; rounded beyond 2^53 (negative numbers come as about 1.8e19). 0 for other wire types. */
  readonly value: number
  /** Of a length-delimited field, or the 4 or 8 bytes of one of fixed width, as a view; empty for a varint. */
  readonly bytes: Buffer
}

const VARINT_BYTES_MAX = 10
const NOTHING = Buffer.alloc(0)

/** The fields of a message in the order in which they stand. @throws MalformedMessage */
export function* fieldsOf(message: Buffer): Generator<Field, void> {
  const cursor = { message, at: 0 }
  while (cursor.at < message.length) {
    const startedAt = cursor.at
    const tag = readVarint(cursor)
    const number = Math.floor(tag / 8)
    if (number === 0) throw new MalformedMessage(`no field number at byte ${startedAt}`)
    const wireType = tag % 8
    if (wireType === 0) yield { number, value: readVarint(cursor), bytes: NOTHING }
    else if (wireType === 2) yield { number, value: 0, bytes: readBytes(cursor, readVarint(cursor)) }
    else if (wireType === 1 || wireType === 5) yield { number, value: 0, bytes: readBytes(cursor, wireType === 1 ? 8 : 4) }
    else throw new MalformedMessage(`unknown wire type ${wireType} at byte ${startedAt}`)
  }
}

/** The values of packed varints; negative ones as in {@link Field}. @throws MalformedMessage */
export function packedVarints(bytes: Buffer): number[] {
  const values: number[] = []
  const cursor = { message: bytes, at: 0 }
  while (cursor.at < bytes.length) values.push(readVarint(cursor))
  return values
}

interface Cursor {
  readonly message: Buffer
  at: number
}

function readVarint(cursor: Cursor): number {
  let value = 0
  for (let i = 0; i < VARINT_BYTES_MAX; i++) {
    const byte = cursor.message[cursor.at++]
    if (byte === undefined) throw new MalformedMessage(`cut short at byte ${cursor.message.length}`)
    value += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return value
  }
  throw new MalformedMessage(`a number without end at byte ${cursor.at}`)
}

function readBytes(cursor: Cursor, length: number): Buffer {
  const end = cursor.at + length
  if (end > cursor.message.length) {
    throw new MalformedMessage(`cut short: ${length} bytes announced at byte ${cursor.at}, ${cursor.message.length - cursor.at} are there`)
  }
  const bytes = cursor.message.subarray(cursor.at, end)
  cursor.at = end
  return bytes
}

/** The compact protocol of Thrift, as far as the headers and the footer of a Parquet file need it. */

/** A value with its type. */
export type Thrift =
  | { readonly bool: boolean }
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly binary: Uint8Array }
  | { readonly list: readonly Thrift[] }
  | { readonly struct: Fields }

/** Of a struct, by their numbers. */
export type Fields = Readonly<Record<number, Thrift | undefined>>

const TYPES = { bool: 1, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const
const FALSE = 2
const STOP = 0
/** Longer lists say their length apart. */
const SHORT_LIST_MAX = 14
/** Fields that follow another by more say their number apart. */
const DELTA_MAX = 15

export function textOf(text: string): Thrift {
  return { binary: Buffer.from(text) }
}

/** A struct as bytes. */
export function thriftBytes(fields: Fields): Buffer {
  const bytes: number[] = []
  writeStruct(fields, bytes)
  return Buffer.from(bytes)
}

function writeStruct(fields: Fields, to: number[]): void {
  let last = 0
  // Numbers as names come in ascending order.
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue
    const field = Number(name)
    // A field that is a boolean bears its value in its type.
    const type = 'bool' in value && !value.bool ? FALSE : typeOf(value)
    if (field - last <= DELTA_MAX) to.push(((field - last) << 4) | type)
    else {
      to.push(type)
      writeVarint(zigzag(field), to)
    }
    if (!('bool' in value)) write(value, to)
    last = field
  }
  to.push(STOP)
}

function write(value: Exclude<Thrift, { bool: boolean }>, to: number[]): void {
  if ('i32' in value) writeVarint(zigzag(value.i32), to)
  else if ('i64' in value) writeVarint(zigzag(value.i64), to)
  else if ('struct' in value) writeStruct(value.struct, to)
  else if ('list' in value) writeList(value.list, to)
  else {
    writeVarint(value.binary.length, to)
    for (const byte of value.binary) to.push(byte)
  }
}

/** Of one type, and not of booleans. */
function writeList(items: readonly Thrift[], to: number[]): void {
  const type = items[0] === undefined ? TYPES.struct : typeOf(items[0])
  if (items.length <= SHORT_LIST_MAX) to.push((items.length << 4) | type)
  else {
    to.push(0xf0 | type)
    writeVarint(items.length, to)
  }
  for (const item of items) write(item as Exclude<Thrift, { bool: boolean }>, to)
}

function typeOf(value: Thrift): number {
  return TYPES[Object.keys(value)[0] as keyof typeof TYPES]
}

/** Safe integers, which are 0 or more here but for small ones. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value
}

/** Seven bits a byte, the lowest first. @param value 0 or a safe integer above. */
export function writeVarint(value: number, to: number[]): void {
  let rest = value
  while (rest >= 0x80) {
    to.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  to.push(rest)
}

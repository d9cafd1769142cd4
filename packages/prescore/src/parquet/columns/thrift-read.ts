/** Reads the compact protocol of Thrift: any struct, as what stands in its fields. */

/** By the numbers of the fields. Integers of more than 53 bits are not told exactly: nothing of the kind is asked for. */
export type Read = number | boolean | Uint8Array | readonly Read[] | ReadStruct
export type ReadStruct = ReadonlyMap<number, Read>

const [STOP, TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
const LONG_LIST = 15

export class ThriftReader {
  readonly #bytes: Uint8Array
  /** Where the next thing stands. */
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes
    this.at = at
  }

  /** @throws Error where the bytes are no struct */
  struct(): ReadStruct {
    const fields = new Map<number, Read>()
    let field = 0
    for (let head = this.#byte(); head !== STOP; head = this.#byte()) {
      const type = head & 15
      field = head >> 4 === 0 ? this.#integer() : field + (head >> 4)
      fields.set(field, type === TRUE || type === FALSE ? type === TRUE : this.#value(type))
    }
    return fields
  }

  #value(type: number): Read {
    switch (type) {
      case TRUE:
      case FALSE:
        return this.#byte() === TRUE
      case BYTE:
        return this.#byte()
      case I16:
      case I32:
      case I64:
        return this.#integer()
      case DOUBLE:
        return this.#binary(8)
      case BINARY:
        return this.#binary(this.#varint())
      case LIST:
      case SET:
        return this.#list()
      case MAP:
        return this.#map()
      case STRUCT:
        return this.struct()
      default:
        throw new Error(`a field of type ${type}`)
    }
  }

  #list(): readonly Read[] {
    const head = this.#byte()
    const size = head >> 4 === LONG_LIST ? this.#varint() : head >> 4
    const items: Read[] = []
    for (let i = 0; i < size; i++) items.push(this.#value(head & 15))
    return items
  }

  /** Its keys and values, one after the other. */
  #map(): readonly Read[] {
    const size = this.#varint()
    const types = size === 0 ? 0 : this.#byte()
    const items: Read[] = []
    for (let i = 0; i < size; i++) items.push(this.#value(types >> 4), this.#value(types & 15))
    return items
  }

  #binary(length: number): Uint8Array {
    const bytes = this.#bytes.subarray(this.at, this.at + length)
    if (bytes.length < length) throw new Error('an end too early')
    this.at += length
    return bytes
  }

  /** Zigzag: the lowest bit is the sign. */
  #integer(): number {
    const value = this.#varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  #varint(): number {
    let value = 0
    for (let weight = 1; ; weight *= 0x80) {
      const byte = this.#byte()
      value += (byte & 0x7f) * weight
      if (byte < 0x80) return value
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.at++]
    if (byte === undefined) throw new Error('an end too early')
    return byte
  }
}

/** Little-endian bytes, written and read in place: nothing is made for a number. */

const FIRST_BYTES = 4096
/** Copied one by one. */
const FEW_BYTES = 64
/** Copied by four. */
const FEW_WORDS_BYTES = 128

export class ByteWriter {
  at = 0
  #bytes: Buffer<ArrayBuffer>
  #view: DataView

  /** @param bytes room to begin with. */
  constructor(bytes = FIRST_BYTES) {
    this.#bytes = Buffer.alloc(bytes)
    this.#view = viewOf(this.#bytes)
  }

  /** Room for so many more bytes: asked for before they are written. */
  reserve(bytes: number): DataView {
    if (this.at + bytes > this.#bytes.length) this.#grow(this.at + bytes)
    return this.#view
  }

  byte(value: number): void {
    this.reserve(1).setUint8(this.at, value)
    this.at += 1
  }

  uint16(value: number): void {
    this.reserve(2).setUint16(this.at, value, true)
    this.at += 2
  }

  uint32(value: number): void {
    this.reserve(4).setUint32(this.at, value, true)
    this.at += 4
  }

  double(value: number): void {
    this.reserve(8).setFloat64(this.at, value, true)
    this.at += 8
  }

  text(text: string, encoding: 'utf8' | 'utf16le' | 'latin1'): void {
    this.reserve(Buffer.byteLength(text, encoding))
    this.at += this.#bytes.write(text, this.at, encoding)
  }

  /** Copies bytes at `from` to before `end`. */
  copy(bytes: Uint8Array, from: number, end: number): void {
    const count = end - from
    this.reserve(count)
    if (count <= FEW_BYTES) for (let i = 0; i < count; i++) this.#bytes[this.at + i] = bytes[from + i]!
    else this.#bytes.set(from === 0 && end === bytes.length ? bytes : bytes.subarray(from, end), this.at)
    this.at += count
  }

  /** Copies the next bytes of a reader. */
  copyFrom(reader: ByteReader, count: number): void {
    const to = this.reserve(count)
    const { view } = reader
    if (count > FEW_WORDS_BYTES) this.#bytes.set(new Uint8Array(view.buffer, reader.at, count), this.at)
    else {
      const words = count & ~3
      for (let i = 0; i < words; i += 4) to.setUint32(this.at + i, view.getUint32(reader.at + i))
      for (let i = words; i < count; i++) to.setUint8(this.at + i, view.getUint8(reader.at + i))
    }
    reader.at += count
    this.at += count
  }

  /** What was written, valid until more is. */
  written(): Buffer<ArrayBuffer> {
    return this.#bytes.subarray(0, this.at)
  }

  /** A copy of what was written. */
  take(): Buffer {
    const bytes = Buffer.allocUnsafe(this.at)
    this.#bytes.copy(bytes, 0, 0, this.at)
    return bytes
  }

  #grow(least: number): void {
    const grown = Buffer.alloc(Math.max(least, 2 * this.#bytes.length))
    this.#bytes.copy(grown, 0, 0, this.at)
    this.#bytes = grown
    this.#view = viewOf(grown)
  }
}

export class ByteReader {
  at = 0
  view: DataView = new DataView(new ArrayBuffer(0))
  #bytes: Uint8Array = new Uint8Array(0)

  open(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.at = bytes.byteOffset
    if (this.view.buffer !== bytes.buffer) this.view = new DataView(bytes.buffer)
  }

  byte(): number {
    return this.view.getUint8(this.at++)
  }

  uint16(): number {
    this.at += 2
    return this.view.getUint16(this.at - 2, true)
  }

  uint32(): number {
    this.at += 4
    return this.view.getUint32(this.at - 4, true)
  }

  double(): number {
    this.at += 8
    return this.view.getFloat64(this.at - 8, true)
  }

  text(bytes: number, encoding: 'utf8' | 'utf16le' | 'latin1'): string {
    this.at += bytes
    return Buffer.from(this.#bytes.buffer, this.at - bytes, bytes).toString(encoding)
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

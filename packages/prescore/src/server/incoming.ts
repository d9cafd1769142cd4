/** Bytes that came over a connection and were not taken yet. Pieces are put together only where they are wanted in one. */
const NONE = Buffer.alloc(0)

export class Incoming {
  /** The first piece; what counts of it begins at {@link at}. */
  bytes: Buffer = NONE
  at = 0
  readonly #later: Buffer[] = []
  #laterBytes = 0

  get length(): number {
    return this.bytes.length - this.at + this.#laterBytes
  }

  add(piece: Buffer): void {
    if (this.at === this.bytes.length) {
      this.bytes = piece
      this.at = 0
    } else {
      this.#later.push(piece)
      this.#laterBytes += piece.length
    }
  }

  /** Puts all in one piece. */
  gather(): void {
    if (this.#later.length === 0) return
    this.bytes = Buffer.concat([this.bytes.subarray(this.at), ...this.#later])
    this.at = 0
    this.#later.length = 0
    this.#laterBytes = 0
  }

  /** Some of the first bytes, at most so many; of an empty one none. */
  shift(most: number): Buffer {
    const end = Math.min(this.at + most, this.bytes.length)
    const piece = this.bytes.subarray(this.at, end)
    this.drop(piece.length)
    return piece
  }

  /** @param count of bytes of the first piece. */
  drop(count: number): void {
    this.at += count
    if (this.at < this.bytes.length) return
    this.bytes = this.#later.shift() ?? NONE
    this.#laterBytes -= this.bytes.length
    this.at = 0
  }
}

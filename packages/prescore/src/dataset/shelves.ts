/**
 * What is put aside until its turn, under numbered shelves: in memory while it is little, in files beyond that. A shelf gives back what
 * was put on it, in that order.
 */
import { appendFileSync, closeSync, openSync, readSync, rmSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'

const LENGTH_BYTES = 8

export class Shelves<T> {
  readonly #prefix: string
  readonly #bytesOf: (item: T) => number
  readonly #inMemory = new Map<number, T[]>()
  readonly #inFiles = new Set<number>()
  #room: number

  /**
   * @param prefix of the paths of the files.
   * @param room bytes that stay in memory.
   * @param bytesOf what an item takes of that.
   */
  constructor(prefix: string, room: number, bytesOf: (item: T) => number) {
    this.#prefix = prefix
    this.#room = room
    this.#bytesOf = bytesOf
  }

  /** An item is plain data; it must not be changed afterwards. */
  put(shelf: number, item: T): void {
    const bytes = this.#bytesOf(item)
    const isBehind = this.#inFiles.has(shelf)
    if (bytes <= this.#room && !isBehind) {
      this.#room -= bytes
      const items = this.#inMemory.get(shelf)
      if (items === undefined) this.#inMemory.set(shelf, [item])
      else items.push(item)
      return
    }
    const body = serialize(item)
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeBigUInt64LE(BigInt(body.length))
    appendFileSync(this.#file(shelf), length)
    appendFileSync(this.#file(shelf), body)
    this.#inFiles.add(shelf)
  }

  *read(shelf: number): Generator<T> {
    yield* this.#inMemory.get(shelf) ?? []
    if (this.#inFiles.has(shelf)) yield* itemsOf<T>(this.#file(shelf))
  }

  drop(shelf: number): void {
    for (const item of this.#inMemory.get(shelf) ?? []) this.#room += this.#bytesOf(item)
    this.#inMemory.delete(shelf)
    if (this.#inFiles.delete(shelf)) rmSync(this.#file(shelf))
  }

  #file(shelf: number): string {
    return `${this.#prefix}-${shelf}`
  }
}

function* itemsOf<T>(path: string): Generator<T> {
  const file = openSync(path, 'r')
  const length = Buffer.alloc(LENGTH_BYTES)
  try {
    while (readSync(file, length) === LENGTH_BYTES) {
      const body = Buffer.allocUnsafeSlow(Number(length.readBigUInt64LE()))
      readSync(file, body)
      yield deserialize(body) as T
    }
  } finally {
    closeSync(file)
  }
}

/**
 * What is put aside until its turn, under numbered shelves: in memory while it is little, in files beyond that. A shelf gives back what
 * was put on it, in that order.
 */
import { rmSync } from 'node:fs'
import { arraysIn, letGo } from '../base/index.ts'
import { appendItem, itemsOf } from './item-files.ts'

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

  /** @param item plain data, which is the shelf's from now on: arrays of it may be let go of */
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
    appendItem(this.#file(shelf), item)
    this.#inFiles.add(shelf)
    letGo(arraysIn(item))
  }

  *read(shelf: number): Generator<T> {
    yield* this.#inMemory.get(shelf) ?? []
    if (this.#inFiles.has(shelf)) yield* itemsOf<T>(this.#file(shelf))
  }

  /** The first item of a shelf that has one, for the time of `use`. */
  async withFirst(shelf: number, use: (item: T) => Promise<void>): Promise<void> {
    const [first] = this.#inMemory.get(shelf) ?? []
    if (first !== undefined) return use(first)
    for (const item of itemsOf<T>(this.#file(shelf))) {
      await use(item)
      letGo(arraysIn(item))
      return
    }
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

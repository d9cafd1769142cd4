/** Records that are spilled to a file; others of the same machine read it by its name. */
import { closeSync, openSync, rmSync, writevSync } from 'node:fs'
import { finished, letGo, readAll, unfinished, unwritable } from '../base/index.ts'
import type { RecordSpill } from '../features/index.ts'

/** No more can be written in one call. */
const BLOCKS_AT_ONCE = 1024
/** Of an array that is read into: half a megabyte. */
const DOUBLES_AT_ONCE = 1 << 16
const DOUBLE_BYTES = Float64Array.BYTES_PER_ELEMENT

export class FileSpill implements RecordSpill {
  readonly name: string
  readonly room: number
  #written: number | undefined
  /** In doubles. */
  #end = 0
  readonly #read = new Map<string, number>()
  /** Read into again and again, the one at hand, and how much of it is taken. */
  #arrays: Float64Array[] = []
  #array = 0
  #taken = 0

  /** @param file made when there is something to be written. @param room bytes that stay in memory */
  constructor(file: string, room: number) {
    this.name = file
    this.room = room
  }

  get isUsed(): boolean {
    return this.#end > 0
  }

  /** @throws PrescoreError `file_unwritable` */
  write(blocks: readonly Float64Array[]): number {
    const from = this.#end
    try {
      this.#written ??= openSync(unfinished(this.name), 'wx')
      for (let at = 0; at < blocks.length; at += BLOCKS_AT_ONCE) this.#writeSome(this.#written, blocks.slice(at, at + BLOCKS_AT_ONCE))
    } catch (error) {
      throw unwritable(this.name, error)
    }
    return from
  }

  read(name: string, from: number, length: number): Float64Array {
    const handle = this.#read.get(name) ?? openSync(name, 'r')
    this.#read.set(name, handle)
    const doubles = this.#take(length)
    const bytes = new Uint8Array(doubles.buffer, doubles.byteOffset, doubles.byteLength)
    readAll(handle, bytes, from * DOUBLE_BYTES)
    return doubles
  }

  rewind(): void {
    this.#taken = 0
    this.#array = 0
  }

  /** Of the arrays that there are, one after the other. */
  #take(length: number): Float64Array {
    for (; this.#array < this.#arrays.length; this.#array++, this.#taken = 0) {
      const array = this.#arrays[this.#array] as Float64Array
      if (this.#taken + length > array.length) continue
      this.#taken += length
      return array.subarray(this.#taken - length, this.#taken)
    }
    this.#arrays.push(new Float64Array(Math.max(length, DOUBLES_AT_ONCE)))
    return this.#take(length)
  }

  /** Nobody reads it any more. */
  remove(): void {
    for (const handle of this.#read.values()) closeSync(handle)
    this.#read.clear()
    letGo(this.#arrays)
    this.#arrays = []
    if (this.#written === undefined) return
    closeSync(this.#written)
    this.#written = undefined
    rmSync(this.name, { force: true })
    finished(this.name)
  }

  #writeSome(handle: number, blocks: readonly Float64Array[]): void {
    const from = this.#end * DOUBLE_BYTES
    const bytes = blocks.reduce((sum, { byteLength }) => sum + byteLength, 0)
    const done = writevSync(handle, blocks, from)
    if (done < bytes) {
      // Cut short by a signal, or by a disk that is full: what then fails says why.
      const all = Buffer.concat(blocks.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)))
      for (let at = done; at < bytes; ) at += writevSync(handle, [all.subarray(at)], from + at)
    }
    this.#end += bytes / DOUBLE_BYTES
  }
}

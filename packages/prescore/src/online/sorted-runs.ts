/**
 * Events on their way from history to disk that are too many for memory: what was gathered at once is written to a file as a **run**,
 * in the order of the keys, and the runs are merged when all are there. So each key is stored once, beside its neighbours, however
 * many runs have events of it.
 *
 * A run is its keys, then a column of doubles for event times, known-at and each field. Of each key:
 *
 *     4  bytes that follow
 *     4  number of events
 *     4  bytes of the key; the key
 *     …  where fields hold texts: 4 their number, then each as in a block
 */
import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { reading } from '../lmdb/index.ts'
import { writeText } from './append.ts'
import { ByteWriter } from './bytes.ts'
import type { EventBatch } from './event-block.ts'
import type { OrderedKey } from './intake.ts'

/** Written to the file at once. */
const WRITE_BYTES = 1024 * 1024

/** Where the parts of a run lie in the file. */
export interface Run {
  readonly keysFrom: number
  readonly keysEnd: number
  readonly events: number
  /** Where each column begins. */
  readonly columns: readonly number[]
}

export class SortedRuns {
  readonly file: number
  readonly runs: Run[] = []
  readonly #path: string
  readonly #isText: readonly boolean[]
  readonly #writer = new ByteWriter()
  #end = 0

  /** @param isText of each field. @throws PrescoreError `store_unreadable` */
  constructor(folder: string, isText: readonly boolean[]) {
    this.#path = join(folder, 'runs')
    this.#isText = isText
    this.file = reading(this.#path, () => {
      const file = openSync(this.#path, 'w+')
      // It is gone when it is closed, whatever ends the process.
      unlinkSync(this.#path)
      return file
    })
  }

  /**
   * Adds a run.
   * @param batch events in the order of their keys: key by key, each from the first of it to before its end.
   * @throws PrescoreError `store_unreadable`
   */
  add(batch: EventBatch, keys: Iterable<OrderedKey>): void {
    const hasTexts = this.#isText.some(Boolean)
    const to = this.#writer
    const keysFrom = this.#end
    for (const { name, from, end } of keys) {
      const startedAt = to.at
      to.uint32(0)
      to.uint32(end - from)
      to.uint32(name.length)
      to.text(name, 'latin1')
      if (hasTexts) this.#addTexts(batch, from, end)
      to.reserve(0).setUint32(startedAt, to.at - startedAt - 4, true)
      if (to.at >= WRITE_BYTES) this.#flush()
    }
    this.#flush()
    const keysEnd = this.#end
    const columns = [batch.timesUs, batch.knownAtUs, ...batch.fields].map(values => this.#write(values))
    this.runs.push({ keysFrom, keysEnd, events: batch.timesUs.length, columns })
  }

  close(): void {
    closeSync(this.file)
  }

  /** The texts of a key, whose codes become indexes of them. */
  #addTexts({ fields, texts }: EventBatch, from: number, end: number): void {
    const codes = new Map<number, number>()
    fields.forEach((field, i) => {
      if (!this.#isText[i]) return
      for (let at = from; at < end; at++) {
        const code = field[at]!
        if (code !== code) continue
        if (!codes.has(code)) codes.set(code, codes.size)
        field[at] = codes.get(code)!
      }
    })
    this.#writer.uint32(codes.size)
    for (const code of codes.keys()) writeText(this.#writer, texts[code]!)
  }

  #flush(): void {
    this.#write(this.#writer.written())
    this.#writer.at = 0
  }

  /** @returns where it begins */
  #write(values: Uint8Array | Float64Array): number {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    const from = this.#end
    reading(this.#path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.file, bytes, at, bytes.length - at, from + at)
    })
    this.#end = from + bytes.length
    return from
  }
}

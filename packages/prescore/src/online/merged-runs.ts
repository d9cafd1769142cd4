/** The keys of all runs in order, each with its events of all of them. */
import { sortRows } from '../features/index.ts'
import { EventBlock } from './event-block.ts'
import type { RowsOfKey } from './growth.ts'
import { RunCursor } from './run-cursor.ts'
import type { SortedRuns } from './sorted-runs.ts'

/** Of a key that has more, events are given several times: those of some runs, then those of the next. */
const EVENTS_AT_ONCE = 65_536

export interface KeyPart {
  /** The key's bytes, as latin1. */
  readonly name: string
  /** Valid until the next one. */
  readonly rows: RowsOfKey
}

/** @param isText of each field. */
export function* mergedRuns({ file, runs }: SortedRuns, isText: readonly boolean[]): Generator<KeyPart> {
  const batch = new EventBlock(isText)
  const cursors = new Cursors(runs.map(run => new RunCursor(file, run, isText)))
  for (;;) {
    const { name } = cursors.least
    if (name === undefined) return
    batch.clear()
    while (cursors.least.name === name && batch.size < EVENTS_AT_ONCE) {
      cursors.least.take(batch)
      cursors.settle()
    }
    yield { name, rows: { batch, rows: inOrder(batch), from: 0, end: batch.size } }
  }
}

/** A heap: no cursor stands before the one above it; of those at one key, the one of the earliest run comes first. */
class Cursors {
  readonly #heap: { readonly cursor: RunCursor; readonly run: number }[]

  constructor(cursors: readonly RunCursor[]) {
    this.#heap = cursors.map((cursor, run) => ({ cursor, run }))
    for (let at = this.#heap.length >> 1; at >= 0; at--) this.#sink(at)
  }

  /** The cursor that stands at the least key. */
  get least(): RunCursor {
    return this.#heap[0]!.cursor
  }

  /** After the least one has gone on. */
  settle(): void {
    this.#sink(0)
  }

  #sink(from: number): void {
    const heap = this.#heap
    for (let at = from; ; ) {
      let least = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && this.#isBefore(child, least)) least = child
      if (least === at) return
      const moved = heap[at]!
      heap[at] = heap[least]!
      heap[least] = moved
      at = least
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a]!, this.#heap[b]!]
    if (one.cursor.name === other.cursor.name) return one.run < other.run
    return one.cursor.name !== undefined && (other.cursor.name === undefined || one.cursor.name < other.cursor.name)
  }
}

/** Rows in the order of their times, those of one time in that of the runs. */
function inOrder({ timesUs, size }: EventBlock): Int32Array {
  const rows = new Int32Array(size)
  let isSorted = true
  for (let row = 0; row < size; row++) {
    rows[row] = row
    if (row > 0 && timesUs[row]! < timesUs[row - 1]!) isSorted = false
  }
  if (!isSorted) sortRows({ rows, starts: Int32Array.of(0, size) }, timesUs)
  return rows
}

/** The training rows put aside in blocks of so many, in their order. */
import type { Chunk, Column, NumberColumn } from '../expressions/index.ts'
import { type ColumnBuffer, columnBuffer } from '../history/index.ts'
import { freeLetGo } from '../parquet/index.ts'
import { columnsBytes } from './pieces.ts'
import type { TrainingRows } from './rows-request.ts'
import { Shelves } from './shelves.ts'

/** Of so many chunks what was made is let go of together. */
const CHUNKS_LET_GO = 16

/** A block on its way. */
interface OpenBlock {
  rows: number
  readonly buffers: readonly (readonly [name: string, buffer: ColumnBuffer])[]
}

export class RowsAside {
  rows = 0
  blocks = 0
  firstUs = Number.POSITIVE_INFINITY
  lastUs = Number.NEGATIVE_INFINITY
  readonly blockRows: number
  readonly #types: TrainingRows['types']
  readonly #shelves: Shelves<Chunk>

  /** @param shelves holds a block each. */
  static async of(rows: TrainingRows, blockRows: number, prefix: string, room: number): Promise<RowsAside> {
    const aside = new RowsAside(rows.types, blockRows, new Shelves(prefix, room, ({ columns }) => columnsBytes([...columns.values()])))
    await aside.#fill(rows)
    return aside
  }

  private constructor(types: TrainingRows['types'], blockRows: number, shelves: Shelves<Chunk>) {
    this.blockRows = blockRows
    this.#types = types
    this.#shelves = shelves
  }

  /** For the time of `use`, after which none of its arrays is read. */
  withBlock(number: number, use: (rows: Chunk) => Promise<void>): Promise<void> {
    return this.#shelves.withFirst(number, use)
  }

  /** It is forgotten here. */
  take(number: number): Chunk {
    const [rows] = this.#shelves.read(number)
    this.#shelves.drop(number)
    return rows as Chunk
  }

  async #fill(rows: TrainingRows): Promise<void> {
    let open = this.#empty()
    let chunks = 0
    for await (const chunk of rows.chunks()) {
      if (++chunks % CHUNKS_LET_GO === 0) freeLetGo()
      this.#note(chunk)
      for (let from = 0; from < chunk.rows; ) {
        const count = Math.min(chunk.rows - from, this.blockRows - open.rows)
        const some = new Int32Array(count)
        for (let i = 0; i < count; i++) some[i] = from + i
        for (const [name, buffer] of open.buffers) buffer.append(chunk.columns.get(name) as Column, some)
        open.rows += count
        from += count
        if (open.rows < this.blockRows) continue
        this.#close(open)
        open = this.#empty()
      }
    }
    // A set without rows is one block without rows.
    if (open.rows > 0 || this.blocks === 0) this.#close(open)
  }

  #empty(): OpenBlock {
    return { rows: 0, buffers: [...this.#types].map(([name, type]) => [name, columnBuffer(type, this.blockRows)] as const) }
  }

  #close({ rows, buffers }: OpenBlock): void {
    const columns = new Map(buffers.map(([name, buffer]) => [name, buffer.column()] as const))
    this.#shelves.put(this.blocks++, { rows, columns })
  }

  #note({ rows, columns }: Chunk): void {
    this.rows += rows
    for (const us of (columns.get('asOf') as NumberColumn).values) {
      if (us < this.firstUs) this.firstUs = us
      if (us > this.lastUs) this.lastUs = us
    }
  }
}

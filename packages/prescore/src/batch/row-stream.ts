/** A file of a run from its beginning to its end, as many rows at a time as are asked for. */
import { PrescoreError } from '../base/index.ts'
import type { Chunk, Column } from '../expressions/index.ts'
import { columnBuffer } from '../history/index.ts'
import type { ColumnKinds, Database } from '../parquet/index.ts'
import { readRun } from './rows.ts'

export class RowStream {
  readonly #file: string
  readonly #kinds: ColumnKinds
  readonly #chunks: AsyncGenerator<Chunk>
  /** What was read and not taken yet: the rows of a chunk from this one on. */
  #rest: Chunk = { rows: 0, columns: new Map() }
  #from = 0

  constructor(database: Database, file: string, kinds: ColumnKinds) {
    this.#file = file
    this.#kinds = kinds
    this.#chunks = readRun(database, file, kinds)
  }

  /** The next rows. @throws PrescoreError `run_corrupt`, also where there are not so many */
  async take(rows: number): Promise<Chunk> {
    const buffers = Object.entries(this.#kinds).map(([name, kind]) => [name, columnBuffer({ kind }, rows)] as const)
    for (let taken = 0; taken < rows; ) {
      if (this.#from === this.#rest.rows) await this.#next(rows - taken)
      const count = Math.min(rows - taken, this.#rest.rows - this.#from)
      const some = Int32Array.from({ length: count }, (_, i) => this.#from + i)
      for (const [name, buffer] of buffers) buffer.append(this.#rest.columns.get(name) as Column, some)
      this.#from += count
      taken += count
    }
    return { rows, columns: new Map(buffers.map(([name, buffer]) => [name, buffer.column()])) }
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined)
  }

  async #next(missing: number): Promise<void> {
    const { value, done } = await this.#chunks.next()
    if (done === true) throw new PrescoreError('run_corrupt', { where: this.#file, found: 'its end', expected: `${missing} more rows` })
    this.#rest = value
    this.#from = 0
  }
}

/** The first blocks of results, as many as there is room for, in memory that threads share. */
import { columnsBytes, type SharedColumns, sharedColumns } from './shared-columns.ts'

/**
 * Of less at once malloc makes zeros itself, before anything is written. Of more the system does, page by page, in the thread that first
 * writes there.
 */
const AT_ONCE_BYTES = 33 * 2 ** 20

export interface ResultsSize {
  readonly rows: number
  readonly blockRows: number
  /** Bytes that may stay in memory. */
  readonly room: number
}

export class SharedBlocks {
  /** How many there are. */
  blocks = 0
  /** How much of the room they take. */
  bytes = 0
  /** By need: how many columns it has; undefined: its results are not shared. */
  readonly #widths: readonly (number | undefined)[]
  readonly #size: ResultsSize
  readonly #columns = new Map<number, readonly (SharedColumns | undefined)[]>()

  constructor(widths: readonly (number | undefined)[], size: ResultsSize) {
    this.#widths = widths
    this.#size = size
    let together: number[] = []
    let end = 0
    for (let block = 0; block * size.blockRows < size.rows; block++) {
      const bytes = this.#bytesOf(block)
      if (this.bytes + bytes > size.room) break
      this.blocks++
      this.bytes += bytes
      together.push(block)
      if (this.bytes - end < AT_ONCE_BYTES) continue
      this.#make(together)
      together = []
      end = this.bytes
    }
    this.#make(together)
  }

  /** By need. */
  of(block: number): readonly (SharedColumns | undefined)[] | undefined {
    return this.#columns.get(block)
  }

  /** Memory is let go of with the last block of those that were made together. */
  drop(block: number): void {
    this.#columns.delete(block)
  }

  #make(blocks: readonly number[]): void {
    const columns = sharedColumns(blocks.flatMap(block => this.#widths.map((width = 0) => [this.#rowsOf(block), width] as const)))
    blocks.forEach((block, i) => {
      const own = this.#widths.map((width, need) => (width === undefined ? undefined : columns[i * this.#widths.length + need]))
      this.#columns.set(block, own)
    })
  }

  #bytesOf(block: number): number {
    return this.#widths.reduce((sum: number, width = 0) => sum + columnsBytes(this.#rowsOf(block), width), 0)
  }

  #rowsOf(block: number): number {
    const { rows, blockRows } = this.#size
    return Math.min(blockRows, rows - block * blockRows)
  }
}

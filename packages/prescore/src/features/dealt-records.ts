/** Records of doubles, dealt to parts: written one after the other in blocks that are never moved. */

/** Records of a part's first block; each is twice as long as the one before, up to the longest. */
const FIRST_RECORDS = 64
const RECORDS_MAX = 4096

export class DealtRecords {
  readonly #width: number
  /** By part: the blocks that are full, and the one that is being written to. */
  readonly #full: Float64Array[][]
  readonly #blocks: Float64Array[]
  /** By part: where the next record goes, and the end of the block. */
  readonly #ends: Int32Array
  readonly #limits: Int32Array

  /** @param width doubles of a record. */
  constructor(parts: number, width: number) {
    this.#width = width
    this.#full = Array.from({ length: parts }, () => [])
    this.#blocks = Array.from({ length: parts }, () => NOTHING)
    this.#ends = new Int32Array(parts)
    this.#limits = new Int32Array(parts)
  }

  /** Writes the rows that have a part. @param columns one for each double of a record. */
  append(partOf: Int32Array, rows: number, columns: readonly Float64Array[]): void {
    const width = this.#width
    const [blocks, ends, limits] = [this.#blocks, this.#ends, this.#limits]
    for (let row = 0; row < rows; row++) {
      const part = partOf[row]!
      if (part < 0) continue
      if (ends[part] === limits[part]) this.#next(part)
      const at = ends[part]!
      const block = blocks[part]!
      for (let k = 0; k < width; k++) block[at + k] = columns[k]![row]!
      ends[part] = at + width
    }
  }

  /** Takes the records of a part: they are forgotten here. */
  take(part: number): readonly Float64Array[] {
    const last = this.#blocks[part]!.subarray(0, this.#ends[part])
    const blocks = last.length === 0 ? this.#full[part]! : [...this.#full[part]!, last]
    this.#full[part] = []
    this.#blocks[part] = NOTHING
    this.#ends[part] = 0
    this.#limits[part] = 0
    return blocks
  }

  #next(part: number): void {
    const block = this.#blocks[part]!
    if (block.length > 0) this.#full[part]!.push(block)
    const records = Math.min(RECORDS_MAX, block.length === 0 ? FIRST_RECORDS : (2 * block.length) / this.#width)
    this.#blocks[part] = new Float64Array(records * this.#width)
    this.#ends[part] = 0
    this.#limits[part] = records * this.#width
  }
}

const NOTHING = new Float64Array(0)

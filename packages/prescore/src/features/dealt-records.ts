/**
 * Records of doubles, dealt to parts: written one after the other in blocks that are never moved. Blocks are cut from slabs of memory that
 * threads can share, so that a part can be handed over as it is.
 */

/** Records of a part's first block; each is twice as long as the one before, up to the longest. */
const FIRST_RECORDS = 64
const RECORDS_MAX = 2048
/** Doubles of the first slab; each is twice as long as the one before, up to the longest: 8 MiB. */
const FIRST_SLAB = 1 << 10
const SLAB_MAX = 1 << 20

export class DealtRecords {
  readonly #width: number
  /** By part: the blocks that are full, and the one that is being written to. */
  readonly #full: Float64Array[][]
  readonly #blocks: Float64Array[]
  /** By part: where the next record goes, and the end of the block. */
  readonly #ends: Int32Array
  readonly #limits: Int32Array
  #slab: Float64Array = NOTHING
  /** How much of the slab is taken. */
  #taken = 0

  /** @param width doubles of a record */
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
    const [first, second = first, third = first] = columns as readonly [Float64Array, ...Float64Array[]]
    for (let row = 0; row < rows; row++) {
      const part = partOf[row]!
      if (part < 0) continue
      let at = ends[part]!
      if (at === limits[part]) {
        this.#next(part)
        at = 0
      }
      const block = blocks[part]!
      block[at] = first[row]!
      if (width > 1) block[at + 1] = second[row]!
      if (width > 2) block[at + 2] = third[row]!
      for (let k = 3; k < width; k++) block[at + k] = columns[k]![row]!
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
    this.#blocks[part] = this.#cut(records * this.#width)
    this.#ends[part] = 0
    this.#limits[part] = records * this.#width
  }

  #cut(length: number): Float64Array {
    if (this.#taken + length > this.#slab.length) {
      const doubled = Math.min(SLAB_MAX, Math.max(FIRST_SLAB, 2 * this.#slab.length))
      this.#slab = new Float64Array(new SharedArrayBuffer(8 * Math.max(length, doubled)))
      this.#taken = 0
    }
    this.#taken += length
    return this.#slab.subarray(this.#taken - length, this.#taken)
  }
}

const NOTHING: Float64Array = new Float64Array(0)

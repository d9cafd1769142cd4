/**
 * Records of doubles, dealt to parts: written one after the other in blocks that are never moved. Blocks are cut from slabs of memory that
 * threads can share, so that a part can be handed over as it is. Beyond the room that there is they are spilled, all at once, and the
 * slabs used again.
 */
import type { RecordSpill, SpilledRecords } from './record-spill.ts'

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
  /** Slabs that hold nothing, and those that do, the one at hand among them. */
  #empty: Float64Array[] = []
  #used: Float64Array[] = []
  readonly #spill: RecordSpill | undefined
  readonly #spilled: number[] = []

  /** @param width doubles of a record. @param spill absent: all are kept in memory */
  constructor(parts: number, width: number, spill?: RecordSpill) {
    this.#width = width
    this.#spill = spill
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

  /**
   * What was spilled; where something was, the rest is spilled too, and no memory held any more. Undefined: all is in memory.
   */
  spilled(): SpilledRecords | undefined {
    if (this.#spill === undefined || this.#spilled.length === 0) return undefined
    this.#spillAll(this.#spill)
    this.#slab = NOTHING
    this.#taken = 0
    this.#empty = []
    this.#used = []
    return { name: this.#spill.name, places: Float64Array.from(this.#spilled) }
  }

  #next(part: number): void {
    const block = this.#blocks[part]!
    if (block.length > 0) this.#full[part]!.push(block)
    this.#blocks[part] = NOTHING
    this.#ends[part] = 0
    const records = Math.min(RECORDS_MAX, block.length === 0 ? FIRST_RECORDS : (2 * block.length) / this.#width)
    this.#blocks[part] = this.#cut(records * this.#width)
    this.#limits[part] = records * this.#width
  }

  #cut(length: number): Float64Array {
    if (this.#taken + length > this.#slab.length) this.#nextSlab(length)
    this.#taken += length
    return this.#slab.subarray(this.#taken - length, this.#taken)
  }

  #nextSlab(length: number): void {
    const doubled = Math.max(length, Math.min(SLAB_MAX, Math.max(FIRST_SLAB, 2 * this.#slab.length)))
    const spill = this.#spill
    if (spill !== undefined && this.#empty.length === 0) {
      const held = this.#used.reduce((sum, slab) => sum + slab.byteLength, 0)
      if (held > 0 && held + 8 * doubled > spill.room) this.#spillAll(spill)
    }
    let slab = this.#empty.pop()
    // It may be of the small ones that came first.
    if (slab === undefined || slab.length < length) slab = new Float64Array(new SharedArrayBuffer(8 * doubled))
    this.#slab = slab
    this.#used.push(slab)
    this.#taken = 0
  }

  #spillAll(spill: RecordSpill): void {
    const blocks: Float64Array[] = []
    const lengths: number[] = []
    for (const part of this.#full.keys()) {
      const own = this.take(part)
      lengths.push(own.reduce((sum, { length }) => sum + length, 0))
      blocks.push(...own)
    }
    if (blocks.length === 0) return
    let at = spill.write(blocks)
    lengths.forEach((length, part) => {
      if (length > 0) this.#spilled.push(part, at, length)
      at += length
    })
    // The largest are taken first.
    this.#empty = this.#used.sort((a, b) => a.length - b.length)
    this.#used = []
  }
}

const NOTHING: Float64Array = new Float64Array(0)

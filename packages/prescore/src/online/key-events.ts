/**
 * The events of one key, in blocks of bytes that follow each other in event time. Only the blocks that get events are
 * written anew: most keys have one block, and a busy key's events mostly come into its last, the **tail**.
 */
import { EventBlock } from './event-block.ts'
import { appended, BLOCK_EVENTS_MAX, cutsOf, type Retention, type RowsOfKey } from './growth.ts'
import type { Layout } from './layout.ts'
import type { Question } from './question.ts'
import { markTail, type RecordCodec } from './record.ts'
import { Settled } from './settled.ts'
import type { KeyCodes } from './summary.ts'
import { type StoredBlock, TILE_BLOCKS_MAX, Tile, tilesOf } from './tile.ts'

/** Of the objects around a block's bytes and of what it comes to, roughly. */
const BLOCK_BYTES = 1200

/** What adding needs of the group, once for all keys. */
export interface Workbench {
  readonly layout: Layout
  readonly codec: RecordCodec
  readonly block: EventBlock
}

/** Where what is handed out goes: undefined is the tail, −Infinity what is settled, else an earlier block. */
export type Moment = number | undefined
const SETTLED_AT = Number.NEGATIVE_INFINITY

export class KeyEvents {
  /** In order of time; the last block of the last one is the tail. */
  readonly tiles: Tile[]
  settled: Settled | undefined
  /** For a reader: what all blocks come to, while they are the same; what it was before; and the codes of the key's values. */
  question: Question | undefined
  lastQuestion: Question | undefined
  codes: readonly KeyCodes[] = []
  /** Bytes in memory, roughly. */
  size = 0
  #blocks = 0
  /** Blocks that went since the codes were begun. */
  #gone = 0
  /** Moments of earlier blocks that are stored and wanted no more. */
  readonly #removed = new Set<number>()
  readonly #unstored = new Set<StoredBlock>()
  #settledIsStored = true
  /** What the stored tail says. */
  #tailHadMore: boolean
  /** Until then, what is left of the first block is not settled. */
  #settleAgainUs = Number.NEGATIVE_INFINITY

  private constructor(blocks: readonly StoredBlock[], tailHadMore: boolean) {
    this.tiles = tilesOf(blocks)
    for (const block of blocks) this.#count(block, 1)
    this.#tailHadMore = tailHadMore
  }

  /** @param records of the blocks, in order of time. */
  static stored(records: readonly Buffer[], settled: Buffer | undefined, { codec, layout }: Workbench): KeyEvents {
    const blocks = records.map(bytes => ({ fromUs: codec.fromUs(bytes), bytes, summary: undefined }))
    const key = new KeyEvents(blocks, true)
    if (settled !== undefined) key.settled = Settled.decode(settled, codec, layout)
    return key
  }

  /** Of what was in one block. */
  static cut(block: EventBlock, { codec }: Workbench): KeyEvents {
    const key = new KeyEvents([], false)
    key.tiles.push(new Tile([]))
    key.#replace(0, 0, block, codec)
    return key
  }

  /** All that there is, where there is no more. */
  get only(): StoredBlock | undefined {
    return this.#blocks === 1 && this.settled === undefined ? this.tiles[0]!.blocks[0] : undefined
  }

  get blocks(): StoredBlock[] {
    return this.tiles.flatMap(({ blocks }) => blocks)
  }

  /** Most of the blocks that were there when the codes were begun are gone, and some codes may have been theirs alone. */
  get hasSpareCodes(): boolean {
    return this.#gone > this.#blocks
  }

  /** Begins anew with the codes, and with what blocks come to where they have some. */
  forget(): void {
    this.#gone = 0
    this.question = undefined
    this.lastQuestion = undefined
    if (this.codes.every(({ size }) => size === 0)) return
    for (const codes of this.codes) codes.clear()
    for (const tile of this.tiles) {
      tile.summary = undefined
      for (const block of tile.blocks) block.summary = undefined
    }
  }

  /** Adds rows, none of them before what is retained, and forgets what lies before that moment where it is easy. */
  add({ batch, rows, from, end }: RowsOfKey, retention: Retention, workbench: Workbench): void {
    const { codec, block } = workbench
    this.retain(retention, workbench)
    const timeOf = (place: number) => batch.timesUs[rows[place]!]!
    for (let next = from; next < end; ) {
      const at = this.#tileOf(timeOf(next))
      const tile = this.tiles[at]!
      const index = tile.blockOf(timeOf(next))
      const untilUs = (tile.blocks[index + 1] ?? this.tiles[at + 1]?.blocks[0])?.fromUs ?? Number.POSITIVE_INFINITY
      if (untilUs === Number.POSITIVE_INFINITY) {
        const bytes = appended(tile.blocks[index]!.bytes, { batch, rows, from: next, end }, retention, codec)
        if (bytes !== undefined) {
          this.#put(tile, index, Buffer.from(bytes))
          return
        }
      }
      codec.decode(tile.blocks[index]!.bytes, block)
      for (; next < end && timeOf(next) < untilUs; next++) block.insert(batch, rows[next]!)
      block.dropBefore(retention.fromUs)
      this.#replace(at, index, block, codec)
    }
  }

  /** Forgets and settles whole blocks. The tail stays. */
  retain(retention: Retention, workbench: Workbench): void {
    const { fromUs, settledBeforeUs, knownByUs } = retention
    const { codec } = workbench
    while (this.#blocks > 1) {
      const lastUs = codec.lastUs(this.#first.bytes)
      if (lastUs < fromUs) this.#take(0, 0)
      else if (lastUs >= settledBeforeUs || knownByUs < this.#settleAgainUs || !this.#settleFirst(knownByUs, workbench)) return
    }
  }

  get hasChanges(): boolean {
    return this.#unstored.size + this.#removed.size > 0 || !this.#settledIsStored
  }

  /** Hands out what has changed since the last call. */
  changes(put: (moment: Moment, bytes: Buffer) => void, remove: (moment: number) => void, { codec }: Workbench): void {
    const tail = this.tiles.at(-1)!.blocks.at(-1)!
    const hasMore = this.#blocks > 1 || this.settled !== undefined
    if (this.#tailHadMore !== hasMore) this.#unstored.add(tail)
    for (const block of this.#unstored) if (block !== tail) this.#removed.delete(block.fromUs)
    for (const fromUs of this.#removed) remove(fromUs)
    for (const block of this.#unstored)
      put(block === tail ? undefined : block.fromUs, block === tail ? markTail(block.bytes, hasMore) : block.bytes)
    if (!this.#settledIsStored) put(SETTLED_AT, this.settled!.encode(codec))
    this.#removed.clear()
    this.#unstored.clear()
    this.#settledIsStored = true
    this.#tailHadMore = hasMore
  }

  get #first(): StoredBlock {
    return this.tiles[0]!.blocks[0]!
  }

  #tileOf(timeUs: number): number {
    let at = this.tiles.length - 1
    while (at > 0 && this.tiles[at]!.blocks[0]!.fromUs > timeUs) at--
    return at
  }

  /** @returns false where some of the block is left */
  #settleFirst(knownByUs: number, { codec, block, layout }: Workbench): boolean {
    codec.decode(this.#first.bytes, block)
    const indexes = Array.from({ length: block.size }, (_, i) => i)
    const settled = indexes.filter(i => block.knownAtUs[i]! <= knownByUs)
    if (settled.length > 0) {
      this.settled = Settled.with(this.settled, block, settled, layout)
      this.#settledIsStored = false
    }
    if (settled.length === block.size) {
      this.#take(0, 0)
      return true
    }
    this.#settleAgainUs = indexes.reduce((latest, i) => Math.max(latest, block.knownAtUs[i]!), knownByUs)
    if (settled.length === 0) return false
    const rest = new EventBlock(layout.isText)
    for (const i of indexes) if (block.knownAtUs[i]! > knownByUs) rest.insert(block, i)
    this.#replace(0, 0, rest, codec)
    return false
  }

  /** Takes a block out. */
  #take(at: number, index: number): void {
    const tile = this.tiles[at]!
    const [block] = tile.blocks.splice(index, 1) as [StoredBlock]
    tile.summary = undefined
    if (tile.blocks.length === 0) this.tiles.splice(at, 1)
    this.#count(block, -1)
    this.#gone++
    this.#unstored.delete(block)
    this.#removed.add(block.fromUs)
    this.question = undefined
  }

  /** Other bytes of the same block. */
  #put(tile: Tile, index: number, bytes: Buffer): void {
    const old = tile.blocks[index]!
    const block = { fromUs: old.fromUs, bytes, summary: undefined }
    tile.blocks[index] = block
    tile.summary = undefined
    this.#count(old, -1)
    this.#count(block, 1)
    this.#unstored.delete(old)
    this.#unstored.add(block)
    this.question = undefined
  }

  /** Puts the events of a block in the place of one of ours, cut in several where they are many. */
  #replace(at: number, index: number, block: EventBlock, codec: RecordCodec): void {
    const tile = this.tiles[at]!
    const old = tile.blocks[index]
    const isFirst = at === 0 && index === 0
    const isTail = at === this.tiles.length - 1 && index >= tile.blocks.length - 1
    const cuts = cutsOf(block, isTail)
    const pieces = cuts.slice(0, -1).map((from, i): StoredBlock => {
      const fromUs = i === 0 && old !== undefined && (!isFirst || cuts.length === 2) ? old.fromUs : block.timesUs[from]!
      return { fromUs, bytes: codec.encode(block, from, cuts[i + 1]!, fromUs), summary: undefined }
    })
    // The moment of a first block may lie behind its earliest events, which then are another block's.
    if (isFirst && cuts.length > 2 && old !== undefined && !isTail) this.#removed.add(old.fromUs)
    if (old !== undefined) this.#count(old, -1)
    if (old !== undefined) this.#unstored.delete(old)
    tile.blocks.splice(index, old === undefined ? 0 : 1, ...pieces)
    tile.summary = undefined
    for (const piece of pieces) this.#count(piece, 1)
    for (const piece of pieces) this.#unstored.add(piece)
    if (tile.blocks.length > TILE_BLOCKS_MAX) this.tiles.splice(at, 1, ...tilesOf(tile.blocks))
    this.question = undefined
  }

  #count({ bytes }: StoredBlock, by: 1 | -1): void {
    this.#blocks += by
    this.size += by * (bytes.length + BLOCK_BYTES)
  }
}

/**
 * Adds rows to the only block of a key; undefined: it has none.
 * @param bytes not those that a call has returned.
 * @returns the bytes of the block, valid until the next call, or blocks where the events are too many for one
 */
export function addToBlock(bytes: Uint8Array | undefined, rows: RowsOfKey, retention: Retention, workbench: Workbench): Buffer | KeyEvents {
  const { codec, block } = workbench
  const longer = bytes === undefined ? undefined : appended(bytes, rows, retention, codec)
  if (longer !== undefined) return longer
  if (bytes === undefined) block.clear()
  else codec.decode(bytes, block)
  for (let next = rows.from; next < rows.end; next++) block.insert(rows.batch, rows.rows[next]!)
  block.dropBefore(retention.fromUs)
  return block.size > BLOCK_EVENTS_MAX ? KeyEvents.cut(block, workbench) : codec.encode(block, 0, block.size, Number.NEGATIVE_INFINITY)
}

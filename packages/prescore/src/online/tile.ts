/** Blocks of a key that follow each other, with what they come to together. */
import type { Summary } from './summary.ts'

/** A tile with more blocks is cut in two. */
export const TILE_BLOCKS_MAX = 24
/** Blocks of the first half. */
const CUT_BLOCKS = 16

export interface StoredBlock {
  /** The block holds the key's events from here on to the next block's moment; the first one also whatever is earlier. */
  readonly fromUs: number
  readonly bytes: Buffer
  /** Made when it is first asked for. */
  summary: Summary | undefined
}

export class Tile {
  readonly blocks: StoredBlock[]
  /** Made when it is first asked for. */
  summary: Summary | undefined

  constructor(blocks: StoredBlock[]) {
    this.blocks = blocks
  }

  /** Where the block lies to which a moment belongs, if it belongs to this tile. */
  blockOf(timeUs: number): number {
    let index = this.blocks.length - 1
    while (index > 0 && this.blocks[index]!.fromUs > timeUs) index--
    return index
  }
}

/** Blocks by tile. */
export function tilesOf(blocks: readonly StoredBlock[]): Tile[] {
  const tiles: Tile[] = []
  for (let at = 0; at < blocks.length; at += CUT_BLOCKS) tiles.push(new Tile(blocks.slice(at, at + CUT_BLOCKS)))
  return tiles
}

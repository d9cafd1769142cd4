/** Blocks of records by part, as they are sent to another thread: the memory that they are cut from, and where they lie in it. */

/** Plain data. */
export interface SharedBlocks {
  readonly slabs: readonly ArrayBufferLike[]
  /** Of each block: its part, its slab, and where it begins and how long it is, in doubles. */
  readonly places: Int32Array
}

const PLACE = 4

export function packedBlocks(blocks: readonly (readonly Float64Array[])[]): SharedBlocks {
  const slabs = new Map<ArrayBufferLike, number>()
  const places = new Int32Array(PLACE * blocks.reduce((count, { length }) => count + length, 0))
  let at = 0
  for (const [part, of] of blocks.entries()) {
    for (const { buffer, byteOffset, length } of of) {
      if (!slabs.has(buffer)) slabs.set(buffer, slabs.size)
      places.set([part, slabs.get(buffer)!, byteOffset / 8, length], at)
      at += PLACE
    }
  }
  return { slabs: [...slabs.keys()], places }
}

export function unpackedBlocks({ slabs, places }: SharedBlocks, parts: number): readonly (readonly Float64Array[])[] {
  const blocks: Float64Array[][] = Array.from({ length: parts }, () => [])
  for (let at = 0; at < places.length; at += PLACE)
    blocks[places[at]!]!.push(new Float64Array(slabs[places[at + 1]!]!, 8 * places[at + 2]!, places[at + 3]!))
  return blocks
}

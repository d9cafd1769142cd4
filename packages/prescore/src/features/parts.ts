/**
 * Events put together by parts of the keys, of so few keys each that what is noted of them stays in the processor's caches.
 * Within a part the events keep their order.
 */

/** Keys of a part, where that does not make too many parts: each is written to as the events are read. */
const KEYS_OF_PART = 1024
const PARTS_MAX = 256

type Numbers = Float64Array | Int32Array | Uint8Array

export class Parts {
  /** The place of each event; undefined: all are one part, and stay where they are. */
  readonly #places: Int32Array | undefined

  constructor(keyOf: Int32Array, keys: number) {
    let shift = Math.log2(KEYS_OF_PART)
    while (keys >>> shift > PARTS_MAX) shift++
    this.#places = keys <= KEYS_OF_PART ? undefined : placesOf(keyOf, (keys >>> shift) + 1, shift)
  }

  /** What was given by event, part by part. */
  moved<T extends Numbers>(values: T): T {
    const places = this.#places
    if (places === undefined) return values
    const moved = new (values.constructor as new (length: number) => T)(values.length)
    for (let i = 0; i < places.length; i++) moved[places[i]!] = values[i]!
    return moved
  }
}

/** Events of no key go with those of the first part. */
function placesOf(keyOf: Int32Array, parts: number, shift: number): Int32Array {
  const next = new Int32Array(parts + 1)
  for (let i = 0; i < keyOf.length; i++) {
    const after = partOf(keyOf[i]!, shift) + 1
    next[after] = next[after]! + 1
  }
  for (let part = 0; part < parts; part++) next[part + 1] = next[part + 1]! + next[part]!
  const places = new Int32Array(keyOf.length)
  for (let i = 0; i < keyOf.length; i++) {
    const part = partOf(keyOf[i]!, shift)
    const place = next[part]!
    places[i] = place
    next[part] = place + 1
  }
  return places
}

function partOf(key: number, shift: number): number {
  return key < 0 ? 0 : key >> shift
}

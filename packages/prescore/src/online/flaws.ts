/**
 * Keys of a group of which an event was passed over, because none of its features could take it: until when what is read of them
 * lacks it. They are few: where there are many, all keys count as such.
 */
import { type Environment, flawKey } from './environment.ts'
import type { Puts } from './puts.ts'

const FLAWS_MAX = 10_000
/** Stands for all keys. */
const ALL = ''

export class Flaws {
  readonly #group: string
  /** By the bytes of the key, as latin1: no as-of after it reaches the event. */
  readonly #untilUs: Map<string, number>
  readonly #unstored = new Set<string>()

  constructor(environment: Environment, group: string) {
    this.#group = group
    this.#untilUs = environment.flaws(group)
  }

  /** @param untilUs Infinity: for ever. */
  add(keyBytes: Buffer, untilUs: number): void {
    const name = this.#untilUs.size < FLAWS_MAX ? keyBytes.toString('latin1') : ALL
    this.#untilUs.set(name, Math.max(untilUs, this.#untilUs.get(name) ?? Number.NEGATIVE_INFINITY))
    this.#unstored.add(name)
  }

  get isEmpty(): boolean {
    return this.#untilUs.size === 0
  }

  isFlawed(keyBytes: Buffer, asOfUs: number): boolean {
    const untilUs = this.#untilUs.get(keyBytes.toString('latin1')) ?? Number.NEGATIVE_INFINITY
    return Math.max(untilUs, this.#untilUs.get(ALL) ?? Number.NEGATIVE_INFINITY) >= asOfUs
  }

  /** Tells what has changed. What no as-of that is answered reaches is forgotten. @param to of the table of the groups */
  putChanges(to: Puts, retainedFromUs: number): void {
    for (const [name, untilUs] of this.#untilUs) {
      if (untilUs >= retainedFromUs) continue
      this.#untilUs.delete(name)
      this.#unstored.add(name)
    }
    for (const name of this.#unstored) to.add(flawKey(this.#group, name), bytesOf(this.#untilUs.get(name)))
    this.#unstored.clear()
  }
}

function bytesOf(us: number | undefined): Buffer | undefined {
  if (us === undefined) return undefined
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(us)
  return bytes
}

/** Keys of several blocks, as many as there is room for: the one that was used longest ago goes first. */
import type { KeyEvents } from './key-events.ts'

export class BusyKeys {
  readonly #bytesMax: number
  /** By the bytes of the key, as latin1; the one that was used last is at the end. */
  readonly #keys = new Map<string, { readonly key: KeyEvents; readonly bytes: number }>()
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get(keyBytes: Buffer): KeyEvents | undefined {
    if (this.#keys.size === 0) return undefined
    const name = keyBytes.toString('latin1')
    const known = this.#keys.get(name)
    if (known === undefined) return undefined
    this.#keys.delete(name)
    this.#keys.set(name, known)
    return known.key
  }

  keep(keyBytes: Buffer, key: KeyEvents): void {
    const name = keyBytes.toString('latin1')
    const bytes = key.size
    this.#bytes += bytes - (this.#keys.get(name)?.bytes ?? 0)
    this.#keys.delete(name)
    this.#keys.set(name, { key, bytes })
    for (const [oldest, { bytes: freed }] of this.#keys) {
      if (this.#bytes <= this.#bytesMax) return
      this.#keys.delete(oldest)
      this.#bytes -= freed
    }
  }

  clear(): void {
    this.#keys.clear()
    this.#bytes = 0
  }
}

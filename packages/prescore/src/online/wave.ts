/**
 * What has changed of a group since it was stored last, or what is being stored now: events that wait, and keys as they are with
 * those that wait no more. A wave lies over the one before it, which is being stored, and that one over the disk.
 */
import { NO_KEY } from '../history/index.ts'
import type { Retention } from './growth.ts'
import { KeyEvents } from './key-events.ts'
import { KeyPass } from './key-pass.ts'
import { KeyRoster } from './key-roster.ts'
import { Records } from './records.ts'
import type { Waiting } from './waiting.ts'

/** What is known of a key: its only block, or all of its blocks. */
export type Found = Uint8Array | KeyEvents

export class Wave {
  readonly waiting: Waiting
  /** What lies below it; undefined: the disk. */
  older: Wave | undefined
  /** Once it is being stored: what may be forgotten of its keys. What comes after goes by what came after. */
  retention: Retention | undefined
  /** Once it is being stored. */
  pass: KeyPass | undefined
  readonly #roster = new KeyRoster()
  /** The only blocks of keys that had events, by their numbers. */
  readonly #numbered = new Records()
  /** By the bytes of the key, as latin1: keys of many blocks, and those that come from history. */
  readonly #named = new Map<string, Found>()

  constructor(waiting: Waiting, older: Wave | undefined) {
    this.waiting = waiting
    this.older = older
  }

  /** Begins to go over the keys. */
  newPass(): KeyPass {
    return new KeyPass(this.waiting, this.#roster)
  }

  /** About how many keys have changed. */
  get keys(): number {
    return this.waiting.keys + this.#named.size
  }

  get named(): Iterable<[name: string, key: Found]> {
    return this.#named
  }

  /** The only block of a key, where it has changed and its events wait no more. */
  only(number: number): Uint8Array | undefined {
    return this.#numbered.at(number)
  }

  /** A key as it is here without the events that wait. @param number {@link NO_KEY}: it has none */
  find(number: number, keyBytes: Buffer): Found | undefined {
    const only = number === NO_KEY ? undefined : this.#numbered.at(number)
    return only ?? (this.#named.size === 0 ? undefined : this.#named.get(keyBytes.toString('latin1')))
  }

  /** Bytes are copied. */
  set(number: number, keyBytes: Buffer, key: Found): void {
    const isOnly = !(key instanceof KeyEvents)
    if (!isOnly || number === NO_KEY) this.#named.set(keyBytes.toString('latin1'), isOnly ? Buffer.from(key) : key)
    if (number !== NO_KEY) this.#numbered.set(number, isOnly ? key : undefined)
  }
}

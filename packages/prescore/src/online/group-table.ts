/**
 * The events of all keys of a group: on disk, and before it what has changed and is not stored yet. Busy keys, whose blocks
 * are many, stay in memory while there is room, with what was summed up of them.
 */
import { blockKey, blockRange, isSettledKey } from './block-key.ts'
import { BusyKeys } from './busy-keys.ts'
import type { Environment, Table } from './environment.ts'
import type { Retention, RowsOfKey } from './growth.ts'
import { addToBlock, KeyEvents, type Moment, type Workbench } from './key-events.ts'

/** What is known of a key: its only block, or all of its blocks. */
export type Found = Uint8Array | KeyEvents

export class GroupTable {
  readonly #environment: Environment
  readonly #table: Table
  readonly #workbench: Workbench
  /** By the bytes of the key, as latin1. */
  #changed = new Map<string, Found>()
  /** What is being stored. */
  #storing = new Map<string, Found>()
  readonly #busy: BusyKeys
  /** Stored blocks to be removed. */
  #expired: Buffer[] = []

  constructor(environment: Environment, table: Table, workbench: Workbench, busyBytesMax: number) {
    this.#environment = environment
    this.#table = table
    this.#workbench = workbench
    this.#busy = new BusyKeys(busyBytesMax)
  }

  /** How many keys wait to be stored. */
  get changedKeys(): number {
    return this.#changed.size
  }

  get hasChanges(): boolean {
    return this.#changed.size + this.#expired.length > 0
  }

  /** Undefined: the key has no events. Bytes are valid until the next look. */
  find(keyBytes: Buffer): Found | undefined {
    return this.#find(keyBytes.toString('latin1'), keyBytes)
  }

  /** Adds rows to a key. Nothing of it is stored before {@link store}. */
  add(keyBytes: Buffer, rows: RowsOfKey, retention: Retention): void {
    const name = keyBytes.toString('latin1')
    const found = this.#find(name, keyBytes)
    if (found instanceof KeyEvents) found.add(rows, retention, this.#workbench)
    const key = found instanceof KeyEvents ? found : addToBlock(found, rows, retention, this.#workbench)
    this.#changed.set(name, key)
    if (key instanceof KeyEvents) this.#busy.keep(name, key)
  }

  /** The first rows of a key of which nothing is known yet. */
  fill(name: string, rows: RowsOfKey, retention: Retention): void {
    const key = addToBlock(undefined, rows, retention, this.#workbench)
    this.#changed.set(name, key)
    if (key instanceof KeyEvents) this.#busy.keep(name, key)
  }

  /** Forgets and settles what is kept of a key of many blocks. */
  retain(keyBytes: Buffer, retention: Retention): void {
    const name = keyBytes.toString('latin1')
    const key = this.#find(name, keyBytes)
    if (!(key instanceof KeyEvents)) return
    key.retain(retention, this.#workbench)
    if (key.hasChanges) this.#changed.set(name, key)
  }

  /** Stored blocks that are wanted no more. */
  expire(keys: readonly Buffer[]): void {
    this.#expired.push(...keys)
  }

  /** Puts and removes all that has changed; within a commit. What comes meanwhile is for the next one. */
  store(): void {
    this.#storing = this.#changed
    this.#changed = new Map()
    // First, so that a key that has events again is put after all.
    for (const blockKey of this.#expired) void this.#table.remove(blockKey)
    this.#expired = []
    for (const [name, key] of this.#storing) {
      const keyBytes = Buffer.from(name, 'latin1')
      if (key instanceof KeyEvents) this.#storeBlocks(keyBytes, key)
      else void this.#table.put(keyBytes, key as Buffer)
    }
  }

  /** After the commit: the disk has it. */
  settle(): void {
    this.#storing.clear()
  }

  /** Forgets everything. */
  clear(): void {
    if (this.storedBlocks() > 0) this.#environment.clear(this.#table)
    this.revert()
  }

  /** Forgets all that is not stored. */
  revert(): void {
    for (const memory of [this.#changed, this.#storing, this.#busy]) memory.clear()
    this.#expired = []
  }

  /** How many blocks are stored. */
  storedBlocks(): number {
    return this.#environment.attempt(() => (this.#table.getStats() as { entryCount: number }).entryCount)
  }

  /** Stored blocks from a key on, in order. */
  blocksFrom(start: Buffer | undefined, limit: number): { readonly key: Buffer; readonly value: Buffer }[] {
    const range = start === undefined ? { limit } : { start, limit }
    return this.#environment.attempt(() => [...this.#table.getRange(range)])
  }

  #find(name: string, keyBytes: Buffer): Found | undefined {
    const known = this.#changed.get(name) ?? this.#storing.get(name) ?? this.#busy.get(name)
    if (known !== undefined) return known
    const tail = this.#environment.attempt(() => this.#table.getBinaryFast(keyBytes))
    return tail === undefined || !this.#workbench.codec.hasMore(tail) ? tail : this.#load(name, keyBytes)
  }

  #load(name: string, keyBytes: Buffer): KeyEvents {
    const [tail, ...earlier] = this.#environment.attempt(() =>
      [...this.#table.getRange(blockRange(keyBytes))].map(record => ({ key: record.key, bytes: Buffer.from(record.value) })),
    )
    const settled = earlier[0] !== undefined && isSettledKey(earlier[0].key) ? earlier.shift() : undefined
    const key = KeyEvents.stored(
      [...earlier, tail!].map(({ bytes }) => bytes),
      settled?.bytes,
      this.#workbench,
    )
    this.#busy.keep(name, key)
    return key
  }

  #storeBlocks(keyBytes: Buffer, key: KeyEvents): void {
    const at = (moment: Moment) => (moment === undefined ? keyBytes : blockKey(keyBytes, moment))
    key.changes(
      (moment, bytes) => void this.#table.put(at(moment), bytes),
      moment => void this.#table.remove(at(moment)),
      this.#workbench,
    )
  }
}

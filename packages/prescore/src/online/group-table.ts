/**
 * The events of all keys of a group: on disk, and before it what has changed and is not stored yet. Busy keys, whose blocks
 * are many, stay in memory while there is room, with what was summed up of them.
 */
import { NO_KEY } from '../history/index.ts'
import { decodeKey, type Key, type KeyColumns } from '../project/index.ts'
import { blockKey, blockRange, isSettledKey } from './block-key.ts'
import { BusyKeys } from './busy-keys.ts'
import type { Environment } from './environment.ts'
import type { Retention, RowsOfKey } from './growth.ts'
import type { Intake, Prepared } from './intake.ts'
import { addToBlock, KeyEvents, type Moment, type Workbench } from './key-events.ts'
import { Puts } from './puts.ts'
import { GROUP, type Table } from './tables.ts'
import { Waiting } from './waiting.ts'
import { type Found, Wave } from './wave.ts'

/** More of a key do not take more room on disk, but in memory until they are stored. */
const EVENTS_OF_KEY = 4

/** Keys between two looks at the clock. */
const KEYS_AT_ONCE = 32

/** What a table needs of its group. */
export interface TableParts extends Workbench {
  /** Names the group. */
  readonly name: string
  readonly entity: KeyColumns
  /** Which events are kept by now. */
  readonly retention: () => Retention
  readonly newIntake: () => Intake
}

export class GroupTable {
  readonly #environment: Environment
  readonly #table: Table
  readonly #parts: TableParts
  readonly #busy: BusyKeys
  /** Over the one that is being stored. */
  #wave: Wave
  /** What is to be stored of that one. */
  #puts: Puts
  /** What comes next of the keys that were filled. */
  #filled: Iterator<[name: string, key: Found]> | undefined
  /** Stored blocks to be removed. */
  #expired: Buffer[] = []

  constructor(environment: Environment, table: Table, parts: TableParts, busyBytesMax: number) {
    this.#environment = environment
    this.#table = table
    this.#parts = parts
    this.#busy = new BusyKeys(busyBytesMax)
    this.#wave = new Wave(new Waiting(parts.newIntake()), undefined)
    this.#puts = this.#noPuts()
  }

  /** About how many keys, and how many events, are not being stored yet. */
  get changed(): number {
    return Math.max(this.#wave.keys, this.#wave.waiting.events / EVENTS_OF_KEY)
  }

  get hasChanges(): boolean {
    return this.#wave.keys + this.#expired.length > 0
  }

  /** Undefined: the key has no events. Bytes are valid until the next look. */
  find(keyBytes: Buffer, key: Key): Found | undefined {
    return this.#find(this.#wave, keyBytes, key)
  }

  /** @throws PrescoreError `lossy_cast`, `function_failed` */
  prepare(chunk: Prepared['chunk']): Prepared {
    return this.#wave.waiting.prepare(chunk)
  }

  /** Adds events, after they were prepared and nothing else was. Cannot fail. */
  add(prepared: Prepared, wants: (row: number) => boolean): void {
    this.#wave.waiting.add(prepared, wants)
  }

  /** Adds the first rows of a key, or more of one that was filled. */
  fill(name: string, rows: RowsOfKey, isFirst: boolean): void {
    const keyBytes = Buffer.from(name, 'latin1')
    const before = isFirst ? undefined : this.#named(this.#wave, keyBytes)
    this.#set(this.#wave, NO_KEY, keyBytes, grown(before, rows, this.#parts.retention(), this.#parts))
  }

  /** Forgets and settles what is kept of a key of many blocks. */
  retain(keyBytes: Buffer): void {
    const key = this.find(keyBytes, decodeKey(this.#parts.entity, keyBytes))
    if (!(key instanceof KeyEvents)) return
    key.retain(this.#parts.retention(), this.#parts)
    if (key.hasChanges) this.#wave.set(NO_KEY, keyBytes, key)
  }

  /** Stored blocks that are wanted no more. */
  expire(keys: readonly Buffer[]): void {
    this.#expired.push(...keys)
  }

  /** What has changed by now is to be stored; what comes from now on is for the next time. */
  freeze(): void {
    const wave = this.#wave
    wave.retention = this.#parts.retention()
    this.#wave = new Wave(new Waiting(this.#parts.newIntake()), wave)
    for (const key of this.#expired) this.#puts.add(key, undefined)
    this.#expired = []
    // A key of many blocks is changed in place: what is of this wave is taken before the next one has any.
    for (const [name, key] of wave.named) if (key instanceof KeyEvents) this.#collect(Buffer.from(name, 'latin1'), key)
    this.#filled = wave.named[Symbol.iterator]()
  }

  /** Puts events of what is to be stored to their keys, until a moment. @returns whether all are */
  fold(untilMs: number): boolean {
    const wave = this.#wave.older!
    if (!this.#foldFilled(untilMs)) return false
    wave.pass ??= wave.newPass()
    return wave.pass.goOn(untilMs, (number, keyBytes) => {
      const key = wave.waiting.has(number) ? this.#putTo(wave, number, keyBytes) : wave.only(number)
      if (key !== undefined && !(key instanceof KeyEvents)) this.#puts.add(keyBytes, key)
    })
  }

  /** About how much of what is to be stored is not among the {@link puts} yet, and those. */
  get due(): number {
    return this.#wave.older!.keys + this.#puts.length
  }

  /** What is to be stored, as far as events are put to their keys. */
  get puts(): Puts {
    return this.#puts
  }

  /** After the commit: the disk has it. */
  settle(): void {
    this.#wave.older = undefined
    this.#puts = this.#noPuts()
  }

  /** Forgets everything. */
  clear(): void {
    if (this.storedBlocks() > 0) this.#environment.clear(this.#table)
    this.revert()
  }

  /** Forgets all that is not stored. */
  revert(): void {
    this.#wave = new Wave(new Waiting(this.#parts.newIntake()), undefined)
    this.#busy.clear()
    this.#puts = this.#noPuts()
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

  #find(wave: Wave | undefined, keyBytes: Buffer, key: Key): Found | undefined {
    if (wave === undefined) return this.#stored(keyBytes)
    const number = wave.waiting.numberOf(key)
    const known = wave.find(number, keyBytes) ?? this.#find(wave.older, keyBytes, key)
    if (number === NO_KEY || !wave.waiting.has(number)) return known
    this.#put(wave, number, keyBytes, known)
    return wave.find(number, keyBytes)
  }

  /** Puts the events that wait to a key that has some, of a wave with nothing but the disk below it. @returns bytes that are valid until the next call */
  #putTo(wave: Wave, number: number, keyBytes: Buffer): Found {
    return this.#put(wave, number, keyBytes, wave.find(number, keyBytes) ?? this.#stored(keyBytes))
  }

  /** A key of which no events wait. */
  #named(wave: Wave | undefined, keyBytes: Buffer): Found | undefined {
    if (wave === undefined) return this.#stored(keyBytes)
    return wave.find(NO_KEY, keyBytes) ?? this.#named(wave.older, keyBytes)
  }

  /** @returns bytes that are valid until the next call; those that are given must be others. */
  #put(wave: Wave, number: number, keyBytes: Buffer, before: Found | undefined): Found {
    const retention = wave.retention ?? this.#parts.retention()
    const key = grown(before, wave.waiting.take(number), retention, this.#parts)
    this.#set(wave, number, keyBytes, key)
    if (wave !== this.#wave && key instanceof KeyEvents) this.#collect(keyBytes, key)
    return key
  }

  #set(wave: Wave, number: number, keyBytes: Buffer, key: Found): void {
    wave.set(number, keyBytes, key)
    if (key instanceof KeyEvents) this.#busy.keep(keyBytes, key)
  }

  #stored(keyBytes: Buffer): Found | undefined {
    const busy = this.#busy.get(keyBytes)
    if (busy !== undefined) return busy
    const tail = this.#environment.attempt(() => this.#table.getBinaryFast(keyBytes))
    return tail === undefined || !this.#parts.codec.hasMore(tail) ? tail : this.#load(keyBytes)
  }

  #load(keyBytes: Buffer): KeyEvents {
    const [tail, ...earlier] = this.#environment.attempt(() =>
      [...this.#table.getRange(blockRange(keyBytes))].map(record => ({ key: record.key, bytes: Buffer.from(record.value) })),
    )
    const settled = earlier[0] !== undefined && isSettledKey(earlier[0].key) ? earlier.shift() : undefined
    const key = KeyEvents.stored(
      [...earlier, tail!].map(({ bytes }) => bytes),
      settled?.bytes,
      this.#parts,
    )
    this.#busy.keep(keyBytes, key)
    return key
  }

  #collect(keyBytes: Buffer, key: KeyEvents): void {
    const at = (moment: Moment) => (moment === undefined ? keyBytes : blockKey(keyBytes, moment))
    key.changes(
      (moment, bytes) => this.#puts.add(at(moment), bytes),
      moment => this.#puts.add(at(moment), undefined),
      this.#parts,
    )
  }

  /** @returns whether all are among what is to be stored */
  #foldFilled(untilMs: number): boolean {
    for (let looked = 1; ; looked++) {
      const next = this.#filled?.next()
      if (next === undefined || next.done === true) return true
      const [name, key] = next.value
      if (!(key instanceof KeyEvents)) this.#puts.add(Buffer.from(name, 'latin1'), key)
      if (looked % KEYS_AT_ONCE === 0 && performance.now() >= untilMs) return false
    }
  }

  #noPuts(): Puts {
    return new Puts(`${GROUP}${this.#parts.name}`)
  }
}

function grown(before: Found | undefined, rows: RowsOfKey, retention: Retention, parts: TableParts): Found {
  if (!(before instanceof KeyEvents)) return addToBlock(before, rows, retention, parts)
  before.add(rows, retention, parts)
  return before
}

/**
 * The LMDB environment of live state: a folder with a memory-mapped file. Reads block for microseconds; what is stored is
 * written by another thread, all of a commit or, after a crash, none of it. Nothing keeps the process alive.
 */
import { randomUUID } from 'node:crypto'
import type { Database } from 'lmdb'
import { PrescoreError } from '../base/index.ts'
import { BINARY, LmdbFolder, reading, realFolder } from '../lmdb/index.ts'
import { readJournalPart } from './journal.ts'
import { decodeMark, encodeMark, type Mark } from './mark.ts'
import { STATE_FORMAT } from './types.ts'

export type Table = Database<Buffer, Buffer>

/** Groups that may be open at once, and one table for the marks. */
const TABLES_MAX = 1024
const FORMAT = Buffer.from('format')
/** Who has the folder open. */
const OWNER = Buffer.from('owner')
const GROUP = 'group:'
/** Longer than what follows a group. */
const FLAW_KEY_MAX = 1200
/** Followed by the group, and by the bytes of a key. */
const FLAW = 'flaw:'

/** Followed by the number of a part. */
const JOURNAL = 'journal:'

/** Folders that this thread has open. */
const opened = new Set<string>()

export class Environment {
  readonly folder: string
  readonly #root: LmdbFolder
  readonly #meta: Table
  readonly #owner = Buffer.from(randomUUID())
  #isOpen = true

  /** @throws PrescoreError `store_unreadable`, `store_format` */
  static open(folder: string): Environment {
    const path = realFolder(folder)
    if (opened.has(path)) throw new PrescoreError('store_unreadable', { where: path, found: 'live state that is open already' })
    const environment = reading(path, () => new Environment(path))
    opened.add(path)
    return environment
  }

  private constructor(folder: string) {
    this.folder = folder
    this.#root = new LmdbFolder(folder, 'elsewhere', TABLES_MAX)
    try {
      this.#meta = this.#root.table<Buffer, Buffer>('meta', BINARY) as Table
      this.#claim()
      this.redo()
    } catch (error) {
      void this.#root.close()
      throw error
    }
  }

  /** The last to open a folder has it. */
  #claim(): void {
    this.#root.transactionSync(() => {
      const format = this.#meta.getBinary(FORMAT)?.toString() ?? String(STATE_FORMAT)
      if (format !== String(STATE_FORMAT)) {
        const fix = 'Remove the folder: live state is made anew from its sources.'
        throw new PrescoreError('store_format', { where: this.folder, found: `format ${format}`, expected: `format ${STATE_FORMAT}`, fix })
      }
      this.#meta.putSync(FORMAT, Buffer.from(format))
      this.#meta.putSync(OWNER, this.#owner)
    })
  }

  /** The table of a group's events, made when it is not there. */
  table(group: string): Table {
    return this.attempt(() => this.#root.table<Buffer, Buffer>(`${GROUP}${group}`, BINARY) as Table)
  }

  /** The groups that were stored, with where they stand. */
  marks(): Map<string, Mark> {
    return this.attempt(() => {
      const start = Buffer.from(GROUP)
      const entries = [...this.#meta.getRange({ start, end: Buffer.concat([start, Buffer.of(0xff)]) })]
      return new Map(entries.map(({ key, value }) => [key.toString().slice(GROUP.length), decodeMark(value)]))
    })
  }

  /** Within a commit only. */
  putMark(group: string, mark: Mark): void {
    void this.#meta.put(Buffer.from(`${GROUP}${group}`), encodeMark(mark))
  }

  /** What was stored of a group by {@link putFlaw}. */
  flaws(group: string): Map<string, number> {
    const start = flawKey(group, '')
    const range = { start, end: Buffer.concat([start, Buffer.alloc(FLAW_KEY_MAX, 0xff)]) }
    return this.attempt(
      () => new Map([...this.#meta.getRange(range)].map(({ key, value }) => [key.toString('latin1', start.length), value.readDoubleLE()])),
    )
  }

  /** Within a commit only. Undefined: it is removed. */
  putFlaw(group: string, name: string, us: number | undefined): void {
    if (us === undefined) void this.#meta.remove(flawKey(group, name))
    else {
      const value = Buffer.alloc(8)
      value.writeDoubleLE(us)
      void this.#meta.put(flawKey(group, name), value)
    }
  }

  /** Forgets all of a group. */
  drop(group: string): void {
    const flaws = this.flaws(group)
    this.attempt(() =>
      this.#root.transactionSync(() => {
        for (const name of flaws.keys()) this.#meta.removeSync(flawKey(group, name))
        this.#meta.removeSync(Buffer.from(`${GROUP}${group}`))
        this.table(group).dropSync()
      }),
    )
  }

  /** Empties a table. */
  clear(table: Table): void {
    this.attempt(() => this.#root.transactionSync(() => table.clearSync()))
  }

  /** Within a commit only: what is to be put by the commits to come. */
  putJournal(parts: readonly Buffer[]): void {
    parts.forEach((part, i) => void this.#meta.put(journalKey(i), part))
  }

  /** Within a commit only: all that it says has been put. */
  removeJournal(parts: number): void {
    for (let i = 0; i < parts; i++) void this.#meta.remove(journalKey(i))
  }

  /** Puts what is written down and may not be put yet. @throws PrescoreError `store_unreadable` */
  redo(): void {
    this.attempt(() => {
      if (this.#meta.getBinary(journalKey(0)) === undefined) return
      const tables = new Map([...this.marks().keys()].map(group => [group, this.table(group)]))
      this.#root.transactionSync(() => {
        this.checkOwner()
        for (let i = 0; ; i++) {
          const part = this.#meta.getBinary(journalKey(i))
          if (part === undefined) return
          const { group, puts } = readJournalPart(Buffer.from(part))
          const table = tables.get(group)
          if (table !== undefined)
            for (const [key, bytes] of puts) bytes === undefined ? table.removeSync(key) : table.putSync(key, bytes as Buffer)
          this.#meta.removeSync(journalKey(i))
        }
      })
    })
  }

  /** Stores what `write` puts and removes when it is called, and waits for the disk. @throws PrescoreError `store_unreadable` */
  async commit(write: () => void): Promise<void> {
    const check = () => {
      this.#root.refresh()
      this.checkOwner()
    }
    await this.#root.batch(check, write)
    this.#root.refresh()
  }

  /** Writes a little, to see whether anything can be stored. @throws PrescoreError `store_unreadable` */
  async probe(): Promise<void> {
    await this.commit(() => void this.#meta.put(OWNER, this.#owner))
  }

  /** Runs what calls lmdb: its errors become `store_unreadable`. */
  attempt<T>(action: () => T): T {
    if (!this.#isOpen) throw new PrescoreError('store_unreadable', { where: this.folder, found: 'closed live state' })
    return reading(this.folder, action)
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    opened.delete(this.folder)
    await this.#root.close()
  }

  /**
   * Two that store into one folder would each undo what the other did; and what another has stored must not be read together with
   * what is only in memory here. Owner and blocks are read of one snapshot.
   * @throws PrescoreError `store_unreadable`
   */
  checkOwner(): void {
    const owner = this.attempt(() => this.#meta.getBinary(OWNER))
    if (owner === undefined || !this.#owner.equals(owner))
      throw new PrescoreError('store_unreadable', {
        where: this.folder,
        found: 'live state that another process has opened since',
        expected: 'one process that keeps it',
        fix: 'Stop the other one and start this one again, or give this one a folder of its own with --state.',
      })
  }
}

function journalKey(part: number): Buffer {
  return Buffer.from(`${JOURNAL}${part}`)
}

function flawKey(group: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${FLAW}${group}:`), Buffer.from(name, 'latin1')])
}

/**
 * The LMDB environment of live state: a folder with a memory-mapped file. Reads block for microseconds; what is stored is
 * written by another thread, all of a commit or, after a crash, none of it. Nothing keeps the process alive.
 */
import { randomUUID } from 'node:crypto'
import { PrescoreError } from '../base/index.ts'
import { LmdbFolder, reading, realFolder } from '../lmdb/index.ts'
import { decodeMark, type Mark } from './mark.ts'
import { checkOwnerIs, claimFor } from './owner.ts'
import { eachPut, type Part, Puts, tableOf } from './puts.ts'
import { type Commit, StoreThread } from './store-thread.ts'
import { GROUP, META, openTable, TABLES_MAX, type Table } from './tables.ts'
import { STATE_FORMAT } from './types.ts'

const FORMAT = Buffer.from('format')
/** Put to see whether anything can be stored. */
const PROBE = Buffer.from('probe')
/** Longer than what follows a group. */
const FLAW_KEY_MAX = 1200
/** Followed by the group, and by the bytes of a key. */
const FLAW = 'flaw:'

/** Folders that this thread has open. */
const opened = new Set<string>()

export class Environment {
  readonly folder: string
  readonly #root: LmdbFolder
  readonly #meta: Table
  /** By their names. */
  readonly #tables = new Map<string, Table>()
  readonly #owner = Buffer.from(randomUUID())
  /** Once much was to be stored. */
  #storeThread: StoreThread | undefined
  /** Ends the commit that is being put together. */
  #hurry: (() => void) | undefined
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
      this.#meta = openTable(this.#root, META)
      this.#tables.set(META, this.#meta)
      this.#claim()
    } catch (error) {
      void this.#root.close()
      throw error
    }
  }

  /** The last to open a folder has it. What an older version has stored is forgotten: all of it is made anew from the sources. */
  #claim(): void {
    this.#root.transactionSync(() => {
      const found = this.#meta.getBinary(FORMAT)?.toString() ?? String(STATE_FORMAT)
      if (Number(found) < STATE_FORMAT) {
        for (const name of this.#root.tables()) if (name !== META) openTable(this.#root, name).dropSync()
        this.#meta.clearSync()
      } else if (found !== String(STATE_FORMAT)) {
        const fix = 'Use the version of Prescore that stored it; or remove the folder: live state is made anew from its sources.'
        throw new PrescoreError('store_format', { where: this.folder, found: `format ${found}`, expected: `format ${STATE_FORMAT}`, fix })
      }
      this.#meta.putSync(FORMAT, Buffer.from(String(STATE_FORMAT)))
      claimFor(this.#meta, this.#owner)
    })
  }

  /** The table of a group's events, made when it is not there. */
  table(group: string): Table {
    this.#hurry?.()
    return this.attempt(() => {
      const table = openTable(this.#root, `${GROUP}${group}`)
      this.#tables.set(`${GROUP}${group}`, table)
      return table
    })
  }

  /** The groups that were stored, with where they stand. */
  marks(): Map<string, Mark> {
    return this.attempt(() => {
      const start = Buffer.from(GROUP)
      const entries = [...this.#meta.getRange({ start, end: Buffer.concat([start, Buffer.of(0xff)]) })]
      return new Map(entries.map(({ key, value }) => [key.toString().slice(GROUP.length), decodeMark(value)]))
    })
  }

  /** What was stored of a group by {@link flawKey}: until when each counts. */
  flaws(group: string): Map<string, number> {
    const start = flawKey(group, '')
    const range = { start, end: Buffer.concat([start, Buffer.alloc(FLAW_KEY_MAX, 0xff)]) }
    return this.attempt(
      () => new Map([...this.#meta.getRange(range)].map(({ key, value }) => [key.toString('latin1', start.length), value.readDoubleLE()])),
    )
  }

  /** Forgets all of a group. */
  drop(group: string): void {
    const flaws = this.flaws(group)
    this.#hurry?.()
    this.attempt(() =>
      this.#root.transactionSync(() => {
        for (const name of flaws.keys()) this.#meta.removeSync(flawKey(group, name))
        this.#meta.removeSync(markKey(group))
        this.table(group).dropSync()
      }),
    )
    this.#tables.delete(`${GROUP}${group}`)
  }

  /** Empties a table. */
  clear(table: Table): void {
    this.#hurry?.()
    this.attempt(() => this.#root.transactionSync(() => table.clearSync()))
  }

  /**
   * Begins to store, one commit at a time. It is another thread that waits for the disk; where it is much, that one puts it too, as
   * it comes: until it ends, whoever opens the folder or changes its tables waits.
   * @param groups that are put to.
   * @param hurry adds the rest at once, and ends it: what this thread would wait for must not wait for this thread.
   */
  begin(groups: readonly string[], isMuch: boolean, hurry: () => void): Commit {
    const commit = isMuch ? this.#commitElsewhere(groups) : this.#commitHere()
    if (isMuch) this.#hurry = hurry
    return {
      add: parts => commit.add(parts),
      end: async () => {
        this.#hurry = undefined
        await commit.end()
        this.#root.refresh()
      },
      abort: () => {
        this.#hurry = undefined
        return commit.abort()
      },
    }
  }

  #commitElsewhere(groups: readonly string[]): Commit {
    this.#storeThread ??= new StoreThread({ folder: this.folder, owner: this.#owner })
    const thread = this.#storeThread
    const commit = thread.begin([META, ...groups.map(group => `${GROUP}${group}`)])
    const end = async () => {
      try {
        await commit.end()
      } catch (error) {
        // It may have died: the next commit has another one.
        this.#storeThread = undefined
        await thread.stop()
        throw error
      }
    }
    return { add: parts => commit.add(parts), end, abort: () => commit.abort() }
  }

  #commitHere(): Commit {
    const parts: Part[] = []
    const check = () => {
      this.#root.refresh()
      this.checkOwner()
    }
    const write = () => {
      for (const part of parts) {
        const table = this.#tables.get(tableOf(part))!
        eachPut(part, (key, bytes) => void (bytes === undefined ? table.remove(key) : table.put(key, bytes)))
      }
    }
    return { add: more => void parts.push(...more), end: () => this.#root.batch(check, write), abort: () => Promise.resolve() }
  }

  /** Writes a little, to see whether anything can be stored. @throws PrescoreError `store_unreadable` */
  async probe(): Promise<void> {
    const puts = new Puts(META)
    puts.add(PROBE, PROBE)
    const commit = this.begin([], false, () => {})
    commit.add(puts.take())
    await commit.end()
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
    await this.#storeThread?.stop()
    await this.#root.close()
  }

  /** Owner and blocks are read of one snapshot. @throws PrescoreError `store_unreadable` once another process has opened the folder */
  checkOwner(): void {
    this.attempt(() => checkOwnerIs(this.#meta, this.#owner, this.folder))
  }
}

/** Where a group's mark is put, in the table of the groups. */
export function markKey(group: string): Buffer {
  return Buffer.from(`${GROUP}${group}`)
}

/** Where it is put until when what is read of a key is flawed, as a double. */
export function flawKey(group: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${FLAW}${group}:`), Buffer.from(name, 'latin1')])
}

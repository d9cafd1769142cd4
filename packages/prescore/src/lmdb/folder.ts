/**
 * LMDB environments: a folder with a memory-mapped file that any number of processes read, and one at a time writes. What is
 * written is on disk when the commit ends.
 */
import type { Database, DatabaseOptions, RootDatabase, RootDatabaseOptions } from 'lmdb'
import { checkDataFile } from './data-file.ts'
import { reading, written } from './errors.ts'
import { Gate } from './gate.ts'
import { lmdb } from './library.ts'
import { ReadOnly } from './read-only.ts'

export const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

/** Who waits for the disk when something is stored: the caller, or another thread. */
export type Writing = 'here' | 'elsewhere'

/** A key that each commit puts. */
const COMMITTED = Buffer.from('committed')
const NOTHING = Buffer.alloc(0)
/** Of the name of a table, as it stands among the keys. */
const END = '\0'

/**
 * All that processes share goes through here, since two faults of lmdb need care:
 * - who opens and who writes must exclude one another: see {@link Gate};
 * - after a transaction that changes nothing, lmdb takes the list of free pages it has at hand for true, even when another process
 *   has used them in the transaction that it takes for its own. So each commit changes something, or is aborted, which drops the
 *   list.
 */
export class LmdbFolder {
  readonly path: string
  /** Undefined: nobody writes. */
  readonly #gate: Gate | undefined
  readonly #readOnly: ReadOnly | undefined
  readonly #root: RootDatabase<Buffer, Buffer>

  /**
   * Opens the environment of a folder; one that cannot be written is opened to be read.
   * @param path from `realFolder`; it must not be open in this thread.
   * @param tablesMax tables that may be open at once.
   * @throws PrescoreError `store_unreadable`
   */
  constructor(path: string, writing: Writing, tablesMax: number) {
    this.path = path
    const options: RootDatabaseOptions = { noSubdir: false, overlappingSync: false, maxDbs: tablesMax, ...BINARY }
    // With batching by event turn, lmdb would make a promise of its own for each batch, and a full disk would end the process by
    // its unhandled rejection.
    const batching = writing === 'elsewhere' ? { eventTurnBatching: false } : {}
    this.#readOnly = reading(path, () => ReadOnly.of(path))
    const readOnly = this.#readOnly === undefined ? {} : { readOnly: true }
    this.#gate = this.#readOnly === undefined ? reading(path, () => new Gate(path)) : undefined
    try {
      this.#root = this.#alone(() => {
        checkDataFile(path)
        return lmdb().open<Buffer, Buffer>({ path, ...options, ...batching, ...readOnly })
      })
    } catch (error) {
      void this.#gate?.close()
      throw error
    }
  }

  /**
   * A table by name, made when it is not there, unless the options say `create: false`: then undefined.
   * @throws PrescoreError `store_unreadable`; `read_only` where it would have to be made
   */
  table<V, K extends Buffer>(name: string, options: DatabaseOptions & { readonly create?: boolean }): Database<V, K> | undefined {
    if (this.#readOnly !== undefined) return this.#readTable(name, options)
    return this.#alone(() => {
      const table = this.#root.openDB<V, K>(name, options) as Database<V, K> | undefined
      this.#root.transactionSync(() => lmdb().ABORT)
      return table
    })
  }

  /** The names of all tables. */
  tables(): readonly string[] {
    return reading(this.path, () => [...this.#root.getKeys()].map(name => name.toString()).filter(isTable)).map(name =>
      name.slice(0, -END.length),
    )
  }

  /** It can only be read: whatever would write is refused. */
  get isReadOnly(): boolean {
    return this.#readOnly !== undefined
  }

  /** Runs the change with nobody else writing, in any process, and waits for the disk. When it throws, nothing is written. @throws PrescoreError `read_only` */
  transactionSync<T>(change: () => T): T {
    this.#refuseWriting()
    return this.#alone(() =>
      this.#root.transactionSync(() => {
        this.#root.putSync(COMMITTED, NOTHING)
        return change()
      }),
    )
  }

  /** Like {@link transactionSync}; another thread waits for the disk. */
  async transaction<T>(change: () => T): Promise<T> {
    return this.#writable().passAsync(() =>
      written(
        this.path,
        this.#root.transaction(() => {
          this.#root.putSync(COMMITTED, NOTHING)
          // Unlike its types say, a child is over when this returns.
          return this.#root.childTransaction(change) as T
        }),
      ),
    )
  }

  /**
   * Stores what `write` puts and removes when it is called, all or nothing; another thread writes it.
   * @param check runs before, with nobody else writing; when it throws, nothing is written
   */
  async batch(check: () => void, write: () => void): Promise<void> {
    await this.#writable().passAsync(() => {
      check()
      const commit = this.#root.batch(() => {
        void this.#root.put(COMMITTED, NOTHING)
        write()
      })
      return written(this.path, commit)
    })
  }

  /** Takes a new snapshot for the reads to come: they see what other processes have committed. */
  refresh(): void {
    this.#readOnly?.check()
    this.#root.resetReadTxn()
  }

  /** Frees what readers that were killed still hold, so that dropped pages are used again. */
  forgetDeadReaders(): void {
    if (this.#readOnly === undefined) reading(this.path, () => this.#root.readerCheck())
  }

  /** Behind the gate too: whoever closes last destroys the locks, which must not be between another's opening and its first use. */
  async close(): Promise<void> {
    if (this.#gate === undefined) return await this.#root.close()
    await this.#gate.passAsync(() => this.#root.close())
    await this.#gate.close()
  }

  #alone<T>(action: () => T): T {
    const gate = this.#gate
    return reading(this.path, () => (gate === undefined ? action() : gate.pass(action)))
  }

  #readTable<V, K extends Buffer>(name: string, { create = true, ...options }: DatabaseOptions & { readonly create?: boolean }) {
    const table = reading(this.path, () => this.#root.openDB<V, K>(name, options) as Database<V, K> | undefined)
    if (table === undefined && create) this.#refuseWriting()
    return table
  }

  /** @throws PrescoreError `read_only` */
  #refuseWriting(): void {
    if (this.#readOnly !== undefined) throw this.#readOnly.refusal()
  }

  #writable(): Gate {
    this.#refuseWriting()
    return this.#gate as Gate
  }
}

function isTable(key: string): boolean {
  return key.endsWith(END)
}

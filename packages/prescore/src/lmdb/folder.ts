/**
 * LMDB environments: a folder with a memory-mapped file that any number of processes read, and one at a time writes. What is
 * written is on disk when the commit ends.
 */
import { ABORT, type Database, type DatabaseOptions, open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'
import { checkDataFile } from './data-file.ts'
import { reading, written } from './errors.ts'
import { Gate } from './gate.ts'

export const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const

/** Who waits for the disk when something is stored: the caller, or another thread. */
export type Writing = 'here' | 'elsewhere'

/** A key that each commit puts. */
const COMMITTED = Buffer.from('committed')
const NOTHING = Buffer.alloc(0)

/**
 * All that processes share goes through here, since two faults of lmdb need care:
 * - who opens and who writes must exclude one another: see {@link Gate};
 * - after a transaction that changes nothing, lmdb takes the list of free pages it has at hand for true, even when another process
 *   has used them in the transaction that it takes for its own. So each commit changes something, or is aborted, which drops the
 *   list.
 */
export class LmdbFolder {
  readonly path: string
  readonly #gate: Gate
  readonly #root: RootDatabase<Buffer, Buffer>

  /**
   * Opens the environment of a folder.
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
    this.#gate = reading(path, () => new Gate(path))
    try {
      this.#root = this.#alone(() => {
        checkDataFile(path)
        return open<Buffer, Buffer>({ path, ...options, ...batching })
      })
    } catch (error) {
      void this.#gate.close()
      throw error
    }
  }

  /**
   * A table by name, made when it is not there, unless the options say `create: false`: then undefined.
   * @throws PrescoreError `store_unreadable`
   */
  table<V, K extends Buffer>(name: string, options: DatabaseOptions & { readonly create?: boolean }): Database<V, K> | undefined {
    return this.#alone(() => {
      const table = this.#root.openDB<V, K>(name, options) as Database<V, K> | undefined
      this.#root.transactionSync(() => ABORT)
      return table
    })
  }

  /** Runs the change with nobody else writing, in any process, and waits for the disk. When it throws, nothing is written. */
  transactionSync<T>(change: () => T): T {
    return this.#alone(() =>
      this.#root.transactionSync(() => {
        this.#root.putSync(COMMITTED, NOTHING)
        return change()
      }),
    )
  }

  /** Like {@link transactionSync}; another thread waits for the disk. */
  transaction<T>(change: () => T): Promise<T> {
    return this.#gate.passAsync(() =>
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
    await this.#gate.passAsync(() => {
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
    this.#root.resetReadTxn()
  }

  /** Frees what readers that were killed still hold, so that dropped pages are used again. */
  forgetDeadReaders(): void {
    reading(this.path, () => this.#root.readerCheck())
  }

  /** Behind the gate too: whoever closes last destroys the locks, which must not be between another's opening and its first use. */
  async close(): Promise<void> {
    await this.#gate.passAsync(() => this.#root.close())
    await this.#gate.close()
  }

  #alone<T>(action: () => T): T {
    return reading(this.path, () => this.#gate.pass(action))
  }
}

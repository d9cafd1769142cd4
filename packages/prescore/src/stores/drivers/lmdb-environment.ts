/**
 * One LMDB environment: a folder with a memory-mapped file that any number of processes read, and one at a time writes.
 * Everything here blocks for microseconds (reads) or milliseconds (writes); nothing keeps the process alive.
 */
import type { Database } from 'lmdb'
import { PrescoreError } from '../../base/index.ts'
import { BINARY, LmdbFolder, reading, realFolder } from '../../lmdb/index.ts'
import { checkFormat } from '../rows.ts'
import { STORE_FORMAT } from '../types.ts'

/** Sub-databases that may be open at once: those of the catalog, and one for each run that is read or written. */
const DATABASES_OPEN_MAX = 256

/** Opened environments by real path. */
const opened = new Map<string, LmdbEnvironment>()

export type TextTable = Database<string, Buffer>
/** `getString` is a method of lmdb that its types leave out: the value as UTF-8 text, with no buffer made on the way. */
export type ByteTable = Database<Buffer, Buffer> & { getString(key: Buffer): string | undefined }

export class LmdbEnvironment {
  readonly folder: string
  readonly #root: LmdbFolder
  #references = 1
  /** The read snapshot was taken in this turn of the event loop. */
  #fresh = false
  #snapshot = 0

  /** @throws PrescoreError `store_unreadable`, `store_format` */
  static open(folder: string): LmdbEnvironment {
    const path = realFolder(folder)
    const existing = opened.get(path)
    if (existing !== undefined) {
      existing.#references++
      return existing
    }
    const environment = new LmdbEnvironment(path)
    opened.set(path, environment)
    return environment
  }

  private constructor(folder: string) {
    this.folder = folder
    this.#root = new LmdbFolder(folder, 'here', DATABASES_OPEN_MAX)
    try {
      this.#checkFormat()
    } catch (error) {
      void this.#root.close()
      throw error
    }
  }

  #checkFormat(): void {
    const meta = this.texts('meta')
    const name = Buffer.from('format')
    this.transaction(() => {
      const format = meta.get(name)
      if (format === undefined) meta.putSync(name, String(STORE_FORMAT))
      else checkFormat(Number(format), this.folder)
    })
  }

  /** A sub-database of texts, made when it is not there. */
  texts(name: string): TextTable {
    return this.attempt(() => this.#root.table<string, Buffer>(name, { encoding: 'string', keyEncoding: 'binary' }) as TextTable)
  }

  /** A sub-database of bytes; undefined when it is not there. */
  findBytes(name: string): ByteTable | undefined {
    return this.attempt(() => this.#root.table<Buffer, Buffer>(name, { ...BINARY, create: false }) as ByteTable | undefined)
  }

  /** A sub-database of bytes, made when it is not there. */
  makeBytes(name: string): ByteTable {
    return this.attempt(() => this.#root.table<Buffer, Buffer>(name, BINARY) as ByteTable)
  }

  /** Runs the change with nobody else writing, in any process. It is on disk when this returns; when it throws, nothing is. */
  transaction<T>(change: () => T): T {
    try {
      return this.attempt(() => this.#root.transactionSync(change))
    } finally {
      this.#snapshot++
    }
  }

  /**
   * Takes a new read snapshot at the first read of each turn of the event loop, so that a request that arrived after another
   * process had committed sees it (lmdb alone keeps a snapshot for a millisecond or more), and all reads of a turn agree.
   * Returns a number for the snapshot, which a commit of our own changes too.
   */
  freshen(): number {
    if (this.#fresh) return this.#snapshot
    this.#checkOpen()
    this.#fresh = true
    this.#root.refresh()
    setImmediate(() => {
      this.#fresh = false
    })
    return ++this.#snapshot
  }

  /** The next read takes a new snapshot. */
  renew(): void {
    this.#fresh = false
  }

  /** Frees what readers that were killed still hold, so that dropped pages are used again. */
  forgetDeadReaders(): void {
    this.attempt(() => this.#root.forgetDeadReaders())
  }

  /** Runs what calls lmdb: its errors become `store_unreadable`. */
  attempt<T>(action: () => T): T {
    this.#checkOpen()
    return reading(this.folder, action)
  }

  get isOpen(): boolean {
    return this.#references > 0
  }

  async close(): Promise<void> {
    if (--this.#references > 0) return
    opened.delete(this.folder)
    this.#fresh = false
    await this.#root.close()
  }

  #checkOpen(): void {
    if (!this.isOpen) throw new PrescoreError('store_unreadable', { where: this.folder, found: 'a closed store' })
  }
}

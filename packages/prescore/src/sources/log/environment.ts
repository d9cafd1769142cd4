/**
 * The LMDB environment of one log: a folder with a memory-mapped file that any number of processes read, and one at a time
 * writes. Reads block for microseconds; writes wait for the disk on another thread. Nothing keeps the process alive.
 */
import { randomUUID } from 'node:crypto'
import type { Database } from 'lmdb'
import { PrescoreError } from '../../base/index.ts'
import { BINARY, LmdbFolder, reading, realFolder } from '../../lmdb/index.ts'
import { decodeHead, emptyHead, encodeHead, type Head } from './head.ts'

/** Version of all that lies in the folder. A log of a greater one is refused with `store_format`. */
const LOG_FORMAT = 1

/** Tables that may be open at once: there are three. */
const TABLES_MAX = 12
const FORMAT = Buffer.from('format')
const LOG = Buffer.from('log')
const HEAD = Buffer.from('head')
const DECLARATION = Buffer.from('declaration')
const NOTHING = Buffer.alloc(0)

/** Opened environments by real path. */
const opened = new Map<string, LogEnvironment>()

type Table = Database<Buffer, Buffer>

export class LogEnvironment {
  readonly folder: string
  /** Identifies the log, wherever its folder lies. */
  readonly log: string
  /** Called with the position after each commit of events by this process. */
  readonly listeners = new Set<(position: number) => void>()
  readonly #root: LmdbFolder
  readonly #meta: Table
  readonly #blocks: Table
  readonly #ids: Table
  #references = 1

  /** @throws PrescoreError `store_unreadable`, `store_format` */
  static open(folder: string): LogEnvironment {
    const path = realFolder(folder)
    const existing = opened.get(path)
    if (existing !== undefined) {
      existing.#references++
      return existing
    }
    const environment = reading(path, () => new LogEnvironment(path))
    opened.set(path, environment)
    return environment
  }

  private constructor(folder: string) {
    this.folder = folder
    this.#root = new LmdbFolder(folder, 'elsewhere', TABLES_MAX)
    try {
      this.#meta = this.#table('log')
      this.log = this.#identify()
      this.#blocks = this.#table('blocks')
      this.#ids = this.#table('ids')
    } catch (error) {
      void this.#root.close()
      throw error
    }
  }

  /** It can only be read: nothing is appended, and what is declared now is not recorded. */
  get isReadOnly(): boolean {
    return this.#root.isReadOnly
  }

  #identify(): string {
    const known = this.isReadOnly ? this.#identity() : undefined
    if (known !== undefined) return known
    return this.#root.transactionSync(() => {
      const stored = this.#identity()
      if (stored !== undefined) return stored
      const made = randomUUID()
      this.#meta.putSync(FORMAT, Buffer.from(String(LOG_FORMAT)))
      this.#meta.putSync(LOG, Buffer.from(made))
      return made
    })
  }

  #identity(): string | undefined {
    const format = this.#meta.getBinary(FORMAT)?.toString()
    if (format !== undefined && !(Number(format) <= LOG_FORMAT)) {
      throw new PrescoreError('store_format', { where: this.folder, found: `format ${format}`, expected: `at most ${LOG_FORMAT}` })
    }
    return this.#meta.getBinary(LOG)?.toString()
  }

  /** Runs the change with nobody else writing, in any process, and waits for the disk. When it throws, nothing is written. */
  async transaction<T>(change: () => T): Promise<T> {
    this.checkOpen()
    return this.#root.transaction(change)
  }

  /** Like {@link transaction}, on this thread, for what is done once when a log is opened. */
  transactionSync<T>(change: () => T): T {
    return this.#root.transactionSync(change)
  }

  /** Takes a new snapshot for the reads to come: they see what other processes have committed. */
  refresh(): void {
    this.checkOpen()
    this.#root.refresh()
  }

  readHead(): Head {
    const bytes = this.#get(this.#meta, HEAD)
    return bytes === undefined ? emptyHead() : decodeHead(bytes)
  }

  readDeclaration(): string | undefined {
    return this.#get(this.#meta, DECLARATION)?.toString()
  }

  /** Keys of blocks from the first one at or after a key. */
  blockKeys(start: Buffer, limit?: number): Buffer[] {
    const range = limit === undefined ? { start } : { start, limit }
    return reading(this.folder, () => [...this.#blocks.getKeys(range)].map(key => Buffer.from(key)))
  }

  readBlock(key: Buffer): Buffer | undefined {
    return this.#get(this.#blocks, key)
  }

  hasId(key: Buffer): boolean {
    return reading(this.folder, () => this.#ids.doesExist(key))
  }

  // Within a transaction only:

  writeHead(head: Head): void {
    this.#meta.putSync(HEAD, encodeHead(head))
  }

  writeDeclaration(text: string): void {
    this.#meta.putSync(DECLARATION, Buffer.from(text))
  }

  writeBlock(key: Buffer, block: Buffer): void {
    this.#blocks.putSync(key, block)
  }

  removeBlock(key: Buffer): void {
    this.#blocks.removeSync(key)
  }

  /** Unlike its types say, putSync tells whether the key was put: it is not when it was there. */
  addId(key: Buffer): boolean {
    const added: unknown = this.#ids.putSync(key, NOTHING, { noOverwrite: true })
    return added === true
  }

  removeId(key: Buffer): void {
    this.#ids.removeSync(key)
  }

  /** Frees what readers that were killed still hold, so that dropped pages are used again. */
  forgetDeadReaders(): void {
    this.#root.forgetDeadReaders()
  }

  checkOpen(): void {
    if (this.#references <= 0) throw new PrescoreError('store_unreadable', { where: this.folder, found: 'a closed log' })
  }

  async close(): Promise<void> {
    if (--this.#references > 0) return
    opened.delete(this.folder)
    await this.#root.close()
  }

  #table(name: string): Table {
    return this.#root.table<Buffer, Buffer>(name, BINARY) as Table
  }

  #get(table: Table, key: Buffer): Buffer | undefined {
    const bytes = reading(this.folder, () => table.getBinary(key))
    return bytes === undefined ? undefined : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }
}

/** Stored answers: one sub-database for each run, and one for the headers. */
import { PrescoreError, storeUnreadable } from '../../base/index.ts'
import { entryOf, valueTextOf } from '../entry.ts'
import { checkCount, isLoaded, parseHeader, partsOf, wholeHeader } from '../rows.ts'
import type { HeaderToLoad, PredictionStore, RunHeader, StoredEntry, StoredRows, StoredRun } from '../types.ts'
import { AnswersTable } from './lmdb-answers.ts'
import type { ByteTable, LmdbEnvironment, TextTable } from './lmdb-environment.ts'
import { LmdbLoading } from './lmdb-loading.ts'
import { readText } from './lmdb-text.ts'

export class LmdbPredictions implements PredictionStore {
  readonly capabilities = Object.freeze({ durable: true, shared: true })
  readonly #environment: LmdbEnvironment
  readonly #headers: TextTable

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment
    this.#headers = environment.texts('headers')
  }

  async load(header: HeaderToLoad, rows: StoredRows): Promise<void> {
    if (isLoaded(this.#header(header.run), header)) return
    const answers = AnswersTable.make(this.#environment, header.run)
    try {
      const loading = new LmdbLoading(answers.table)
      let count = 0
      for await (const part of partsOf(header, rows)) {
        this.#environment.transaction(() => loading.put(part))
        count += part.to - part.from
      }
      const whole = wholeHeader(header, count)
      this.#environment.transaction(() => {
        checkCount(whole, entryCount(answers.table))
        this.#headers.putSync(Buffer.from(header.run), JSON.stringify(whole))
      })
    } catch (error) {
      // Rows of which some do not belong to the run must not stay: the next load would only add to them.
      if (isRefused(error)) this.#environment.transaction(() => answers.table.clearSync())
      throw error
    } finally {
      answers.release()
    }
  }

  open(run: string): StoredRun | undefined {
    this.#environment.freshen()
    const header = this.#header(run)
    const answers = header === undefined ? undefined : AnswersTable.find(this.#environment, run)
    return header === undefined || answers === undefined ? undefined : new LmdbRun(this.#environment, header, answers)
  }

  list(): readonly RunHeader[] {
    this.#environment.freshen()
    return this.#environment.attempt(() => [...this.#headers.getRange()].map(({ value }) => parseHeader(value)))
  }

  drop(run: string): void {
    const answers = AnswersTable.find(this.#environment, run)
    if (answers === undefined) return
    this.#environment.forgetDeadReaders()
    try {
      this.#environment.transaction(() => {
        this.#headers.removeSync(Buffer.from(run))
        answers.table.dropSync()
      })
    } finally {
      answers.forget()
    }
  }

  #header(run: string): RunHeader | undefined {
    const text = readText(this.#environment, this.#headers, run)
    return text === undefined ? undefined : parseHeader(text)
  }
}

class LmdbRun implements StoredRun {
  readonly header: RunHeader
  readonly #environment: LmdbEnvironment
  readonly #answers: AnswersTable
  #isClosed = false

  constructor(environment: LmdbEnvironment, header: RunHeader, answers: AnswersTable) {
    this.header = Object.freeze(header)
    this.#environment = environment
    this.#answers = answers
  }

  get(keyBytes: Uint8Array): Buffer | undefined {
    const table = this.#open()
    if (keyBytes.length === 0) return undefined
    try {
      const found = table.getBinaryFast(keyBytes as Buffer)
      // lmdb's buffer is longer than the value, and used again by the next read.
      return found === undefined ? undefined : Buffer.from(found.buffer, found.byteOffset, found.length)
    } catch (error) {
      throw storeUnreadable(this.#environment.folder, error)
    }
  }

  text(keyBytes: Uint8Array): string | undefined {
    const { fingerprintBytes } = this.header
    if (fingerprintBytes > 0) {
      const stored = this.get(keyBytes)
      return stored === undefined ? undefined : valueTextOf(stored, fingerprintBytes)
    }
    const table = this.#open()
    if (keyBytes.length === 0) return undefined
    try {
      return table.getString(keyBytes as Buffer)
    } catch (error) {
      throw storeUnreadable(this.#environment.folder, error)
    }
  }

  entry(keyBytes: Uint8Array): StoredEntry | undefined {
    const stored = this.get(keyBytes)
    return stored === undefined ? undefined : entryOf(stored, this.header.fingerprintBytes)
  }

  count(): number {
    const table = this.#open()
    return this.#environment.attempt(() => entryCount(table))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#answers.release()
  }

  #open(): ByteTable {
    if (this.#isClosed) throw new PrescoreError('run_not_found', { where: this.header.run, found: 'closed' })
    this.#environment.freshen()
    return this.#answers.table
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof PrescoreError && (error.code === 'rows_not_reconciled' || error.code === 'duplicate_keys')
}

function entryCount(table: ByteTable): number {
  return (table.getStats() as { entryCount: number }).entryCount
}

/** The catalog's records: one sub-database for each kind. */
import type { RecordKind, RecordStore, RecordWriter } from '../types.ts'
import type { LmdbEnvironment, TextTable } from './lmdb-environment.ts'
import { ID_BYTES_MAX, readText } from './lmdb-text.ts'

export class LmdbRecords implements RecordStore {
  readonly #environment: LmdbEnvironment
  readonly #tables: Readonly<Record<RecordKind, TextTable>>

  constructor(environment: LmdbEnvironment) {
    this.#environment = environment
    this.#tables = {
      release: environment.texts('releases'),
      run: environment.texts('runs'),
      pointer: environment.texts('pointers'),
      override: environment.texts('override'),
      overrides: environment.texts('overrides'),
    }
  }

  snapshot(): number {
    return this.#environment.freshen()
  }

  renew(): void {
    this.#environment.renew()
  }

  get(kind: RecordKind, id: string): string | undefined {
    this.#environment.freshen()
    return readText(this.#environment, this.#tables[kind], id)
  }

  entries(kind: RecordKind, prefix: string): readonly (readonly [string, string])[] {
    this.#environment.freshen()
    if (Buffer.byteLength(prefix) > ID_BYTES_MAX) return []
    // No UTF-8 text has the byte 0xFF: it follows every id that begins with the prefix.
    const range = prefix === '' ? {} : { start: Buffer.from(prefix), end: Buffer.concat([Buffer.from(prefix), Buffer.of(0xff)]) }
    return this.#environment.attempt(() =>
      [...this.#tables[kind].getRange(range)].map(({ key, value }) => [Buffer.from(key).toString(), value] as const),
    )
  }

  transaction<T>(change: (records: RecordWriter) => T): T {
    const records: RecordWriter = {
      get: (kind, id) => readText(this.#environment, this.#tables[kind], id),
      put: (kind, id, text) => this.#environment.attempt(() => this.#tables[kind].putSync(Buffer.from(id), text)),
      remove: (kind, id) => void this.#environment.attempt(() => this.#tables[kind].removeSync(Buffer.from(id))),
    }
    return this.#environment.transaction(() => change(records))
  }
}

/**
 * What a store is: **runs** of stored answers, written once and read by key, and **records**, the small JSON texts of the catalog.
 * A driver gives both over one place, so that a reader sees a pointer and the run that it names in one snapshot.
 */

/** Version of the stored layout. A store of a greater one is refused with `store_format`. */
export const STORE_FORMAT = 1

/** Widths that a fingerprint of inputs may have: none, or 128 bits. */
export type FingerprintBytes = 0 | 16

/** What all answers of a run share; kept once, written last, so that a run with a header is complete. */
export interface RunHeader {
  readonly format: number
  readonly run: string
  readonly prediction: string
  readonly release: string
  /** The moment the values hold for. */
  readonly asOfUs: number
  /** Up to which arrivals were read; null where there were none. */
  readonly dataThroughUs: number | null
  /** How many keys the run has. */
  readonly rows: number
  /** Width of the fingerprint before each value: 0 when the prediction has no inputs. */
  readonly fingerprintBytes: FingerprintBytes
}

/** A header as `load` takes it: rows that are still being made are counted as they come. */
export type HeaderToLoad = Omit<RunHeader, 'rows'> & Partial<Pick<RunHeader, 'rows'>>

/** One key's answer, as `load` takes it. */
export interface StoredRow {
  /** The key as `encodeKey` makes it: at least 1 byte. */
  readonly keyBytes: Uint8Array
  /** The value as the JSON text that is sent. */
  readonly valueText: string
  /** Of the inputs that the value was computed with; as wide as the header says, absent when that is 0. */
  readonly fingerprint?: Uint8Array
  /** Those inputs as JSON: there when the fingerprint is. */
  readonly inputsText?: string
}

/** Rows as bytes: plain data, which another thread can have made. */
export interface StoredBlock {
  readonly rows: number
  /** Those of all rows, one after the other. */
  readonly keys: Uint8Array
  /** By row, where its key ends. */
  readonly keyEnds: Int32Array
  /** Whatever they lie in. See {@link StoredEntry} for what an entry is; its fingerprint is as wide as the header says. */
  readonly entries: Uint8Array
  /** By row, where its entry begins, and where it ends. */
  readonly entryStarts: Int32Array
  readonly entryEnds: Int32Array
}

/** Rows in key order: one after the other, or, where they are still to be read, some at once. */
export type StoredRows = Iterable<StoredRow> | AsyncIterable<readonly StoredRow[] | StoredBlock>

/** One key's answer, as it is stored: the fingerprint (if any), the value text, and (with a fingerprint) a zero byte and the inputs. */
export interface StoredEntry {
  readonly valueText: string
  /** Undefined where the prediction has no inputs. */
  readonly fingerprint: Buffer | undefined
  readonly inputsText: string | undefined
}

/** A complete run, open for reading. */
export interface StoredRun {
  readonly header: RunHeader
  /**
   * The bytes of a key's entry (see {@link StoredEntry}), without copying: valid until the next call on the store. The first
   * `fingerprintBytes` are the fingerprint. Undefined: no such key.
   * @throws PrescoreError `run_not_found` once the run was closed or dropped, `store_unreadable`
   */
  get(keyBytes: Uint8Array): Buffer | undefined
  /** The value text of a key. Undefined: no such key. @throws as `get` does */
  text(keyBytes: Uint8Array): string | undefined
  /** Everything that is stored for a key. Undefined: no such key. @throws as `get` does */
  entry(keyBytes: Uint8Array): StoredEntry | undefined
  /** How many keys are stored. */
  count(): number
  /** Gives the handle back. May be called twice. */
  close(): void
}

/** What drivers differ in. */
export interface StoreCapabilities {
  /** What was written is there after a crash. */
  readonly durable: boolean
  /** Other processes see what was written, at their next read. */
  readonly shared: boolean
}

/** Where runs lie. All names are run ids; runs of all predictions share one store. */
export interface PredictionStore {
  readonly capabilities: StoreCapabilities
  /**
   * Writes a whole run from rows in key order, in bounded transactions. A run's id names its rows, so a load that was cut short is
   * repeated by the same call, and several processes may load the same run at once; a load of a run that is complete does nothing
   * and reads no row.
   * @throws PrescoreError `duplicate_keys`, `rows_not_reconciled` (not as many rows as the header says), `store_unreadable`
   */
  load(header: HeaderToLoad, rows: StoredRows): Promise<void>
  /** A complete run; undefined when there is none. @throws PrescoreError `store_unreadable`, `store_format` */
  open(run: string): StoredRun | undefined
  /** The headers of all complete runs, by run id. */
  list(): readonly RunHeader[]
  /** Removes a run, complete or not; nothing happens when there is none. */
  drop(run: string): void
}

/** `overrides` holds the version of a prediction's overrides. */
export type RecordKind = 'release' | 'run' | 'pointer' | 'override' | 'overrides'

/** Small JSON texts by kind and id. */
export interface RecordReader {
  get(kind: RecordKind, id: string): string | undefined
}

export interface RecordWriter extends RecordReader {
  put(kind: RecordKind, id: string, text: string): void
  /** Nothing happens where there is none. */
  remove(kind: RecordKind, id: string): void
}

export interface RecordStore extends RecordReader {
  /**
   * Names what reads see now: while it stays the same, a read repeated gives the same. It costs next to nothing and changes with
   * each commit of this process, and at the first read of a turn of the event loop (another process may have committed).
   */
  snapshot(): number
  /** Ends the turn of the event loop for {@link snapshot}: what is read from now on sees what was committed meanwhile. */
  renew(): void
  /** Ids and texts of a kind whose ids begin with the prefix, by id. */
  entries(kind: RecordKind, prefix: string): readonly (readonly [id: string, text: string])[]
  /** Runs the change with nobody else writing; all of it is kept, or (when it throws) nothing. */
  transaction<T>(change: (records: RecordWriter) => T): T
}

/** What a driver gives. */
export interface StoreDriver {
  readonly predictions: PredictionStore
  readonly records: RecordStore
  /** Lets go of the place. May be called twice. */
  close(): Promise<void>
}

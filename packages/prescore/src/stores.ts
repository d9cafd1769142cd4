/**
 * `prescore/stores`: stored answers and the catalog for programs that have no project file, such as a copy to somewhere else or a
 * check of what is served. It reads neither definitions nor models.
 */
export { type Clock, PrescoreError } from './base/index.ts'
export { decodeKey, encodeKey, type Key, type KeyColumns, type KeyValue } from './project/index.ts'
export {
  memoryStore,
  openStore,
  type Pointer,
  type PredictionStore,
  type RunHeader,
  type RunRecord,
  type Store,
  type StoredBlock,
  type StoredEntry,
  type StoredRow,
  type StoredRun,
  type StoreOptions,
} from './stores/index.ts'

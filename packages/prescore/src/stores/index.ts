export { Catalog, POINTER_HISTORY_MAX } from './catalog.ts'
export { type OverrideRecord, Overrides } from './overrides.ts'
export type {
  Json,
  JsonObject,
  OutputRecord,
  Pointer,
  PublishNote,
  ReleaseRecord,
  RescoredRecord,
  RunChange,
  RunRecord,
  RunResult,
  RunState,
  ServingChange,
} from './records.ts'
export { memoryStore, openStore, type Store, type StoreOptions } from './store.ts'
export {
  type FingerprintBytes,
  type HeaderToLoad,
  type PredictionStore,
  type RunHeader,
  STORE_FORMAT,
  type StoreCapabilities,
  type StoredBlock,
  type StoredEntry,
  type StoredRow,
  type StoredRun,
} from './types.ts'

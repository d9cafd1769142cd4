export { noteAsOf } from './arrived.ts'
export { compareColumns } from './columns.ts'
export { type GuessedColumn, type GuessedData, guessColumns, guessTable } from './guess.ts'
export { HistoryIds } from './history-ids.ts'
export type { KnownRequest } from './judged.ts'
export { type KnownChunk, knownRows, withAsOf } from './known.ts'
export {
  type AppendResult,
  type DropOptions,
  decodeEvents,
  EVENTS_PER_APPEND_MAX,
  type EventLog,
  type EventLogOptions,
  type EventsForm,
  FUTURE_TOLERANCE_US,
  type LogChunk,
  type LogPin,
  type LogReadRequest,
  type LogStatus,
  openEventLog,
  type RejectedEvent,
  readersOfLogs,
  readingLogs,
} from './log/index.ts'
export { describeFiles, pinIdentity, pinSource, pinSources, type SourcePin, type Survey, surveySources, verifyPin } from './pin.ts'
export { PinsAhead } from './pins-ahead.ts'
export { shapeRows } from './plan.ts'
export type { KeyedRows, TableRows } from './postgres/keyed-rows.ts'
export { RequestTable } from './postgres/request-table.ts'
export { dropOtherSnapshots } from './postgres/snapshot.ts'
export { eventJson, type KnownEvent, knownEvents, type PostedEvent } from './replay.ts'
export { type RowsNeeded, type ScannedChunk, type TimeRange, takeScanned } from './rows.ts'
export { newestKnownUs, onlyInLogFromUs, scanSize, scanSource, scansAlone } from './scan.ts'
export type { ScanSlice } from './slices.ts'
export { pathOf, type SourceAt, type SourcesPlace, sourceAt, sourcesPlace } from './source-at.ts'

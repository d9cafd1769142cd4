export { decodeEvents, type EventsForm } from './body.ts'
export { readersOfLogs, readingLogs } from './lease.ts'
export { openEventLog } from './log.ts'
export {
  type AppendResult,
  type DropOptions,
  EVENTS_PER_APPEND_MAX,
  type EventLog,
  type EventLogOptions,
  FUTURE_TOLERANCE_US,
  type LogChunk,
  type LogPin,
  type LogReadRequest,
  type LogStatus,
  type RejectedEvent,
} from './types.ts'

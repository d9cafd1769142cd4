/**
 * The event log of a source: what arrived since its history ends, durable, in order of commit.
 *
 * - **position**: the number of an event in commit order, 1, 2, 3 …, without holes when committed and never used twice.
 * - **known at**: the later of an event's declared arrival and the log's clock when it was committed.
 * - **late event**: one that should have been known (declared arrival, else event time) at or before an as-of already computed.
 * - **retained from**: events with an earlier event time were dropped, and are refused when they come again.
 */
import type { Clock, ErrorCode } from '../../base/index.ts'
import type { ScannedChunk, TimeRange } from '../rows.ts'

/** How far an event time may lie in the future when nothing else is said: 5 minutes. */
export const FUTURE_TOLERANCE_US = 300_000_000

/** Events of one call at most: they are one transaction, and other writers wait for it. */
export const EVENTS_PER_APPEND_MAX = 100_000

export interface EventLogOptions {
  /** What "now" is. Absent: the machine's clock. */
  readonly clock?: Clock
  /** How far in the future of the clock an event time may lie. Absent: {@link FUTURE_TOLERANCE_US}. */
  readonly futureToleranceUs?: number
}

/** An event that was not taken, and why. */
export interface RejectedEvent {
  /** Its place among the events of the call. */
  readonly index: number
  readonly code: ErrorCode
  readonly message: string
}

/** What became of the events of one call: accepted + duplicate + rejected are all of them. */
export interface AppendResult {
  readonly accepted: number
  /** How many of the accepted ones are late. */
  readonly late: number
  /** Events whose id the log holds already, or that came earlier in the same call. They change nothing. */
  readonly duplicate: number
  /** By index. */
  readonly rejected: readonly RejectedEvent[]
}

/** Where a log stands. A moment that never was is the earliest time there is. */
export interface LogStatus {
  /** Of the last committed event; 0 when there was none. */
  readonly position: number
  /** The clock's reading at the last commit of events or heartbeat: what the log got until then can be read. */
  readonly clockUs: number
  /** The latest as-of that was noted. */
  readonly notedAsOfUs: number
  /** Events with an earlier event time were dropped. */
  readonly retainedFromUs: number
}

/** A log at one moment. Plain data: recorded with a run, shipped to workers. */
export interface LogPin {
  /** Identifies the log, whatever its folder. */
  readonly log: string
  readonly position: number
  readonly retainedFromUs: number
}

/** What is read of the events. */
export interface LogReadRequest extends TimeRange {
  /** Declared or derived columns, by name. Absent: all. */
  readonly columns?: Iterable<string>
}

/** Some events in order of position, with the columns asked for. The chunk's `knownAtUs` follow the log's rule. */
export interface LogChunk extends ScannedChunk {
  readonly positions: Float64Array
}

export interface DropOptions {
  /**
   * How long, in event time, the ids of dropped events are kept. Absent: 7 days.
   */
  readonly rememberIdsUs?: number
}

/** Any number of processes may append to one log and read it at once. */
export interface EventLog {
  /**
   * Takes events, each an object with declared columns. Each is validated on its own; the good ones are on disk before the
   * promise resolves: all of this call or, after a crash before that, none. Appends that arrive while others are being written
   * are committed together. Codes of rejected events: `wrong_type`, `unknown_column`, `missing_time`, `missing_id`,
   * `time_out_of_range`, `zone_missing`, `invalid_text`, `lossy_cast`, `event_in_future`, `event_expired`, and what a derived
   * column gives (`function_failed`); a PrescoreError in place of an event rejects with its own.
   * @throws PrescoreError `body_too_large` (more than {@link EVENTS_PER_APPEND_MAX} events), `store_unreadable`
   */
  append(events: readonly unknown[]): Promise<AppendResult>
  /** Says that nothing else has arrived until now: the status' clock moves on. @throws PrescoreError `store_unreadable` */
  heartbeat(): Promise<void>
  /**
   * Says that answers as of this moment were computed: events that should have been known by then are late from now on, and
   * events that come later are known after it (unless it lies in the future). @throws PrescoreError `store_unreadable`
   */
  noteAsOf(asOfUs: number): Promise<void>
  /** Of the last committed event, also of other processes. */
  position(): number
  status(): LogStatus
  pin(): LogPin
  /** @throws PrescoreError `source_changed` unless the log still holds what was pinned */
  verify(pin: LogPin): void
  /**
   * Committed events with positions in (after, upTo], in order, in bounded chunks. Nothing of the log is held between chunks.
   * Values are those of a scan: `row.<column>`, times in UTC, derived columns included.
   * @throws PrescoreError `source_changed` when the log does not reach to `upToPosition`, `unknown_column`, `store_unreadable`
   */
  read(afterPosition: number, upToPosition: number, request?: LogReadRequest): Generator<LogChunk>
  /** Calls the listener, which must not throw, after each commit of events by this process. Gives what ends that. */
  onCommit(listener: (position: number) => void): () => void
  /** Which of these ids, given as in events, the log holds or remembers. @throws PrescoreError `wrong_type`, `missing_id` */
  hasIds(ids: readonly unknown[]): boolean[]
  /**
   * Drops the events whose event time lies before a moment. From then on they are not read, and events before that moment are
   * refused (`event_expired`, or counted as duplicates while their id is remembered), so that no dropped event ever comes back.
   * An id may be used again only by an event of another, later time, once the first one's time lies `rememberIdsUs` before the
   * moment. Space is freed, for new events, a block at a time, when all its events are that old. A moment that lies before the
   * current one changes nothing but frees what can be freed.
   * @returns how many events left the disk
   * @throws PrescoreError `invalid_value`, `store_unreadable`
   */
  dropBefore(momentUs: number, options?: DropOptions): Promise<number>
  /** What a drop before this moment would take off the disk now. */
  freedBefore(momentUs: number, options?: DropOptions): { readonly events: number; readonly bytes: number }
  /** Waits for what was appended, then lets go of the folder. May be called twice. */
  close(): Promise<void>
}

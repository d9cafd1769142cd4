/** What an audit found, as plain data. */
import type { ErrorCode } from '../base/index.ts'
import type { Inputs, InputValue, Key } from '../project/index.ts'

export interface AuditReport {
  /** When the audit was made. */
  readonly at: string
  /** Lines of the log that are damaged: which answers they held is not known. */
  readonly unreadableLines: number
  readonly predictions: readonly PredictionAudit[]
}

/** answers = compared + notComparable; compared = identical + defects; changedByLateEvents are some of the identical. */
export interface PredictionAudit {
  readonly prediction: string
  /** Noted answers that were looked at. */
  readonly answers: number
  readonly compared: number
  /** Computed again from what had been read when they were given: not a bit differs. */
  readonly identical: number
  readonly defects: number
  /** Of the identical: from all that is known now, they would be others. */
  readonly changedByLateEvents: number
  readonly notComparable: readonly { readonly code: ErrorCode; readonly message: string; readonly answers: number }[]
  /** Those that changed the most answers first. */
  readonly lateEvents: readonly LateEvent[]
  /** Late events that are not listed. */
  readonly moreLateEvents: number
  readonly changes: readonly ChangedAnswer[]
  readonly defective: readonly DefectiveAnswer[]
}

/** An event that an answer could not count, and that a training set of today counts. */
export interface LateEvent {
  readonly source: string
  /** Null: the source has no ids. */
  readonly id: string | number | bigint | null
  readonly eventTime: string
  readonly knownAt: string
  /** Known after the as-of; or known by then, but not read from the log yet. */
  readonly cause: 'late' | 'unread'
  /** How many of the compared answers it would have changed. */
  readonly answers: number
}

interface ToldAnswer {
  readonly key: Key | null
  readonly inputs: Inputs
  readonly asOf: string
  readonly answeredAt: string
  readonly release: string
}

/** Why is told by the late events. */
export interface ChangedAnswer extends ToldAnswer {
  readonly value: string
  /** A JSON text, or the code of what would keep it from having a value. */
  readonly corrected: string
  /** Joined features, as `join.feature`. */
  readonly features: readonly { readonly name: string; readonly served: InputValue; readonly corrected: InputValue }[]
}

export interface DefectiveAnswer extends ToldAnswer {
  /** The first feature that differs; `value`: the features are the same, and the value is not. */
  readonly feature: string
  readonly logged: string | number | null
  readonly recomputed: string | number | null
}

/** The JSON of a report: an int64 has all its digits. */
export function reportJson(report: object): string {
  const digits = (_: string, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value)
  return JSON.stringify(report, digits)
}

/** A part of the language that TypeScript does not know yet. */
const { rawJSON: rawJson } = JSON as unknown as { readonly rawJSON: (text: string) => unknown }

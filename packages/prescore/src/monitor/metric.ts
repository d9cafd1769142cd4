/** What a metric is: name, type, help, labels, and where its values are read. */
import type { AuditView } from '../audit/index.ts'
import type { Clock } from '../base/index.ts'
import type { FeedStatus, ModelReport } from '../live/index.ts'
import type { Resolver } from '../resolve/index.ts'
import type { ScheduleView } from '../schedule/index.ts'
import type { Catalog } from '../stores/index.ts'
import type { AnswerMeter } from './answer-meter.ts'
import type { Buckets } from './buckets.ts'
import type { EventMeter } from './event-meter.ts'

/** What live features say of themselves. */
export interface LiveReport {
  status(): readonly FeedStatus[]
  models(): readonly ModelReport[]
  /** How often another release took the place of the one that answered, by prediction. */
  switches(): readonly (readonly [prediction: string, count: number])[]
}

export interface Monitored {
  readonly resolvers: readonly Resolver[]
  readonly catalog: Catalog
  readonly clock: Clock
  /** Absent: nothing is answered live. */
  readonly live?: LiveReport | undefined
  /** Absent: nothing is known of audits. */
  readonly audits?: AuditView | undefined
  /** Absent: nothing is known of schedules. */
  readonly schedules?: ScheduleView | undefined
  readonly answers: ReadonlyMap<string, AnswerMeter>
  readonly events: Map<string, EventMeter>
}

export type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | Buckets]

export interface MetricDefinition {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  readonly read: (monitored: Monitored) => Iterable<Sample>
}

export const define = (
  type: MetricDefinition['type'],
  name: string,
  labels: readonly string[],
  help: string,
  read: MetricDefinition['read'],
): MetricDefinition => ({ name: `prescore_${name}`, type, help, labels, read })

export const SECOND_US = 1_000_000

/** How a project stands, read from its parts. */

import type { AuditView } from '../audit/index.ts'
import { asPrescoreError, type Clock, formatInstant } from '../base/index.ts'
import { reportOf } from '../batch/index.ts'
import type { FeedStatus } from '../live/index.ts'
import type { Resolver } from '../resolve/index.ts'
import type { ScheduleView } from '../schedule/index.ts'
import type { EventLog } from '../sources/index.ts'
import type { Catalog, RunRecord } from '../stores/index.ts'
import type { AnswerMeter } from './answer-meter.ts'
import type { LiveReport } from './metric.ts'
import { scheduleStatus } from './schedule-status.ts'
import type { PredictionStatus, SourceStatus, StatusReport } from './status-report.ts'
import { warningsOf } from './warnings.ts'

export interface Standing {
  readonly resolvers: readonly Resolver[]
  readonly catalog: Catalog
  readonly clock: Clock
  /** Names of the sources that take events, and their logs. */
  readonly sources: readonly string[]
  readonly logOf: (source: string) => EventLog
  /** Absent: nothing is answered live here. */
  readonly live?: LiveReport | undefined
  readonly answers?: ReadonlyMap<string, AnswerMeter>
  /** Absent: nothing is known of audits. */
  readonly audits?: AuditView | undefined
  /** Absent: nothing is known of schedules. */
  readonly schedules?: ScheduleView | undefined
}

export function statusOf(standing: Standing): StatusReport {
  const nowUs = standing.clock.nowUs()
  const predictions = standing.resolvers.map(resolver => predictionStatus(resolver, standing, nowUs))
  const feeds = new Map((standing.live?.status() ?? []).map(feed => [feed.source, feed]))
  const names = [...new Set([...standing.sources, ...feeds.keys()])]
  const sources = names.map(name => sourceStatus(name, standing, feeds.get(name), nowUs))
  return { now: formatInstant(nowUs), predictions, sources, warnings: warningsOf(predictions, sources) }
}

function predictionStatus(resolver: Resolver, { catalog, answers, audits, schedules }: Standing, nowUs: number): PredictionStatus {
  const { name, policy, joins } = resolver.prediction
  const meter = answers?.get(name)
  const { serves, failure } = servesOf(resolver, nowUs)
  return {
    name,
    mode: policy.mode,
    schedule: policy.schedule ?? null,
    due: scheduleStatus(schedules?.state(name, nowUs), nowUs),
    maxAgeSeconds: policy.maxAgeUs === undefined ? null : policy.maxAgeUs / 1_000_000,
    maxLagSeconds: policy.maxLagUs === undefined ? null : policy.maxLagUs / 1_000_000,
    reads: [...new Set(Object.values(joins).map(({ source }) => source))],
    hasDefault: policy.default !== undefined,
    serves,
    failure,
    live: resolver.liveStatus(),
    lastRun: lastRunOf(catalog.listRuns(name)),
    release: catalog.listReleases(name)[0]?.id ?? null,
    answers: meter === undefined ? null : answersOf(meter),
    audit: auditOf(name, audits),
  }
}

function auditOf(name: string, audits: AuditView | undefined): PredictionStatus['audit'] {
  const [counts, last] = [audits?.loggedCounts(name), audits?.lastAudit(name) ?? null]
  if (counts === undefined && last === null) return null
  return { logged: counts?.logged ?? null, dropped: counts?.dropped ?? null, last }
}

function servesOf(resolver: Resolver, nowUs: number): Pick<PredictionStatus, 'serves' | 'failure'> {
  try {
    const served = resolver.served()
    if (served === undefined) return { serves: null, failure: null }
    const { run, release, asOfUs, dataThroughUs, publishedAtUs, rows } = served
    const serves = {
      run,
      release,
      asOf: formatInstant(asOfUs),
      ageSeconds: secondsUp(nowUs - asOfUs),
      dataThrough: instantOf(dataThroughUs),
      publishedAt: formatInstant(publishedAtUs),
      keys: rows,
    }
    return { serves, failure: null }
  } catch (error) {
    return { serves: null, failure: failureOf(error) }
  }
}

function lastRunOf(runs: readonly RunRecord[]): PredictionStatus['lastRun'] {
  const finished = runs.filter(run => run.report !== null && run.prunedAtUs === undefined)
  const last = finished.toSorted((a, b) => finishedUs(b) - finishedUs(a))[0]
  if (last === undefined) return null
  const { id, release, state, asOfUs } = last
  const gates = reportOf(last)?.gates ?? []
  return { id, release, state, asOf: formatInstant(asOfUs), finishedAt: formatInstant(finishedUs(last)), gates }
}

function finishedUs({ finishedAtUs, updatedAtUs }: RunRecord): number {
  return finishedAtUs ?? updatedAtUs
}

function answersOf({ sources, errors }: AnswerMeter): PredictionStatus['answers'] {
  const bySource: Record<string, number> = {}
  const degraded: Record<string, number> = {}
  for (const [source, meter] of Object.entries(sources)) {
    bySource[source] = meter.fine + [...meter.degraded.values()].reduce((sum, each) => sum + each, 0)
    for (const [code, count] of meter.degraded) degraded[code] = (degraded[code] ?? 0) + count
  }
  const total = Object.values(bySource).reduce((sum, each) => sum + each, 0)
  return { total, bySource, degraded, errors: Object.fromEntries(errors) }
}

function sourceStatus(name: string, { sources, logOf }: Standing, feed: FeedStatus | undefined, nowUs: number): SourceStatus {
  const ofFeed = {
    applied: feed?.applied ?? null,
    dataThrough: instantOf(feed?.dataThroughUs ?? null),
    lagSeconds: feed === undefined || feed.dataThroughUs === null ? null : secondsUp(nowUs - feed.dataThroughUs),
  }
  const failed = feed?.failure === undefined ? null : failureOf(feed.failure)
  if (!sources.includes(name)) return { name, position: null, lastAt: null, ...ofFeed, failure: failed }
  try {
    const { position, clockUs } = logOf(name).status()
    return { name, position, lastAt: position === 0 ? null : formatInstant(clockUs), ...ofFeed, failure: failed }
  } catch (error) {
    return { name, position: null, lastAt: null, ...ofFeed, failure: failureOf(error) }
  }
}

function failureOf(thrown: unknown): { readonly code: string; readonly message: string } {
  const { code, message } = asPrescoreError(thrown)
  return { code, message }
}

function instantOf(us: number | null): string | null {
  return us === null ? null : formatInstant(us)
}

function secondsUp(us: number): number {
  return Math.max(0, Math.ceil(us / 1_000_000))
}

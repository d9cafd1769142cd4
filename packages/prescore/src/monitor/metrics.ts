/** Every metric of ours. `docs/metrics.md` is made from this table. */
import packageJson from '../../package.json' with { type: 'json' }
import type { LastAudit, LoggedCounts } from '../audit/index.ts'
import { parseInstantUs } from '../base/index.ts'
import type { FeedStatus, ModelReport } from '../live/index.ts'
import type { Resolver } from '../resolve/index.ts'
import type { Catalog } from '../stores/index.ts'
import type { SourceMeter } from './answer-meter.ts'
import type { Buckets } from './buckets.ts'
import { define, type MetricDefinition, type Monitored, type Sample, SECOND_US } from './metric.ts'
import { SCHEDULE_METRICS } from './schedule-metrics.ts'

export const METRICS: readonly MetricDefinition[] = [
  define('gauge', 'build_info', ['version'], 'Always 1; the version of Prescore that runs.', () => [[{ version: packageJson.version }, 1]]),

  define(
    'counter',
    'answers_total',
    ['prediction', 'source', 'reason'],
    'Answers given, by the step that gave them and, where they are degraded, the reason.',
    ({ answers }) => bySource(answers, ({ fine, degraded }) => [...(fine === 0 ? [] : [['', fine] as const]), ...degraded], 'reason'),
  ),
  define('counter', 'answer_errors_total', ['prediction', 'code'], 'Requests that no step could answer, by code.', ({ answers }) =>
    [...answers].flatMap(([prediction, { errors }]) => [...errors].map(([code, count]): Sample => [{ prediction, code }, count])),
  ),
  define(
    'histogram',
    'answer_duration_seconds',
    ['prediction', 'source'],
    'Time from when a request was read to when its answer was there, by the step that answered.',
    ({ answers }) => bySource(answers, ({ durations }) => [['', durations]]),
  ),
  define('histogram', 'answer_age_seconds', ['prediction', 'source'], 'Age of the answers given: now less their as-of.', ({ answers }) =>
    bySource(answers, ({ ages }) => [['', ages]]),
  ),

  define('gauge', 'served_as_of_timestamp_seconds', ['prediction'], 'As-of of the run that is served.', ({ resolvers }) =>
    served(resolvers, ({ asOfUs }) => asOfUs / SECOND_US),
  ),
  define('gauge', 'served_age_seconds', ['prediction'], 'Age of the run that is served: now less its as-of.', ({ resolvers, clock }) =>
    served(resolvers, ({ asOfUs }) => (clock.nowUs() - asOfUs) / SECOND_US),
  ),
  define('gauge', 'served_keys', ['prediction'], 'Keys of the run that is served.', ({ resolvers }) =>
    served(resolvers, ({ rows }) => rows),
  ),
  define('gauge', 'runs', ['prediction', 'state'], 'Runs in the catalog, by state.', ({ catalog, resolvers }) =>
    resolvers.flatMap(({ prediction: { name } }) => runsOf(catalog, name)),
  ),

  ...SCHEDULE_METRICS,

  define(
    'gauge',
    'live_ready',
    ['prediction'],
    '1 where the prediction is answered live, 0 where it should be and is not.',
    ({ resolvers }) =>
      resolvers.flatMap(resolver => {
        const status = resolver.liveStatus()
        return status === null ? [] : [[{ prediction: resolver.prediction.name }, status.ready ? 1 : 0] as const]
      }),
  ),
  define(
    'gauge',
    'live_release_pending',
    ['prediction', 'reason'],
    '1 where the published release does not answer live yet; the reason is the code of what keeps it from it, if anything does.',
    ({ resolvers }) =>
      resolvers.flatMap(resolver => {
        const next = resolver.liveStatus()?.next ?? null
        return next === null ? [] : [[{ prediction: resolver.prediction.name, reason: next.reason?.code ?? '' }, 1] as const]
      }),
  ),
  define('counter', 'live_switches_total', ['prediction'], 'Times that another release took over live answers.', ({ live }) =>
    (live?.switches() ?? []).map(([prediction, count]): Sample => [{ prediction }, count]),
  ),
  define('gauge', 'source_failed', ['source'], '1 where the live features of the source are no longer kept up.', monitored =>
    feeds(monitored, ({ failure }) => (failure === undefined ? 0 : 1)),
  ),
  define(
    'gauge',
    'source_data_through_timestamp_seconds',
    ['source'],
    'Arrival up to which all of the source is in its live features.',
    monitored => feeds(monitored, ({ dataThroughUs }) => (dataThroughUs === null ? undefined : dataThroughUs / SECOND_US)),
  ),
  define('gauge', 'source_lag_seconds', ['source'], 'Now less data through.', monitored =>
    feeds(monitored, ({ dataThroughUs }) =>
      dataThroughUs === null ? undefined : Math.max(0, (monitored.clock.nowUs() - dataThroughUs) / SECOND_US),
    ),
  ),
  define('counter', 'source_passed_over_events_total', ['source'], 'Events that no live feature could take.', monitored =>
    feeds(monitored, ({ passedOver }) => passedOver),
  ),
  define('gauge', 'log_position', ['source'], 'Position of the last event in the log of the source.', monitored =>
    feeds(monitored, ({ position }) => position),
  ),
  define('gauge', 'log_applied_position', ['source'], 'Position up to which events of the log are in the live features.', monitored =>
    feeds(monitored, ({ applied }) => applied),
  ),

  define('gauge', 'model_waiting_rows', ['prediction'], 'Rows that wait for the model.', monitored =>
    models(monitored, ({ waitingRows }) => waitingRows),
  ),
  define('gauge', 'model_running_rows', ['prediction'], 'Rows in calls of the model that are under way.', monitored =>
    models(monitored, ({ runningRows }) => runningRows),
  ),
  define('counter', 'model_calls_total', ['prediction'], 'Calls of the model: batches of what piled up.', monitored =>
    models(monitored, ({ batches }) => batches),
  ),
  define('counter', 'model_rows_total', ['prediction'], 'Rows in calls of the model.', monitored => models(monitored, ({ rows }) => rows)),
  define('counter', 'model_overloaded_rows_total', ['prediction'], 'Rows refused because too many waited.', monitored =>
    models(monitored, ({ overloaded }) => overloaded),
  ),
  define('counter', 'model_overdue_rows_total', ['prediction'], 'Rows whose deadline passed.', monitored =>
    models(monitored, ({ overdue }) => overdue),
  ),
  define(
    'counter',
    'model_workers_replaced_total',
    ['prediction'],
    'Workers that died, or were ended for a call that took too long.',
    monitored => models(monitored, ({ replaced }) => replaced),
  ),

  define('counter', 'events_accepted_total', ['source'], 'Events taken, late ones included.', ({ events }) =>
    [...events].map(([source, { accepted }]): Sample => [{ source }, accepted]),
  ),
  define(
    'counter',
    'events_late_total',
    ['source'],
    'Events taken that should have been known at an as-of already computed.',
    ({ events }) => [...events].map(([source, { late }]): Sample => [{ source }, late]),
  ),
  define('counter', 'events_duplicate_total', ['source'], 'Events whose id was there already.', ({ events }) =>
    [...events].map(([source, { duplicate }]): Sample => [{ source }, duplicate]),
  ),
  define('counter', 'events_rejected_total', ['source', 'code'], 'Events refused, by code.', ({ events }) =>
    [...events].flatMap(([source, { rejected }]) => [...rejected].map(([code, count]): Sample => [{ source, code }, count])),
  ),

  define('counter', 'audit_logged_answers_total', ['prediction'], 'Live answers noted down for audits.', monitored =>
    logged(monitored, counts => counts.logged),
  ),
  define(
    'counter',
    'audit_dropped_answers_total',
    ['prediction'],
    'Live answers that should have been noted and were not: too much waited, or the disk took none.',
    monitored => logged(monitored, counts => counts.dropped),
  ),
  define('gauge', 'audit_last_timestamp_seconds', ['prediction'], 'When the last audit was made.', monitored =>
    lastAudits(monitored, ({ at }) => [['', (parseInstantUs(at) ?? Number.NaN) / SECOND_US]]),
  ),
  define(
    'gauge',
    'audit_last_answers',
    ['prediction', 'result'],
    'Answers of the last audit: identical, of them changed_by_late_events, defect, not_comparable.',
    monitored =>
      lastAudits(
        monitored,
        ({ identical, changedByLateEvents, defects, notComparable }) => [
          ['identical', identical],
          ['changed_by_late_events', changedByLateEvents],
          ['defect', defects],
          ['not_comparable', notComparable],
        ],
        'result',
      ),
  ),
]

/** @param label of the name that comes with each value; absent: it has none. */
function bySource(
  answers: Monitored['answers'],
  valuesOf: (meter: SourceMeter) => readonly (readonly [name: string, value: number | Buckets])[],
  label?: string,
): Sample[] {
  return [...answers].flatMap(([prediction, { sources }]) =>
    Object.entries(sources).flatMap(([source, meter]) =>
      valuesOf(meter).map(([name, value]): Sample => [{ prediction, source, ...(label === undefined ? {} : { [label]: name }) }, value]),
    ),
  )
}

function served(resolvers: readonly Resolver[], valueOf: (run: NonNullable<ReturnType<Resolver['served']>>) => number): Sample[] {
  return resolvers.flatMap(resolver => {
    const run = resolver.served()
    return run === undefined ? [] : [[{ prediction: resolver.prediction.name }, valueOf(run)] as const]
  })
}

function runsOf(catalog: Catalog, prediction: string): Sample[] {
  const counts = new Map<string, number>()
  for (const { state } of catalog.listRuns(prediction)) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [...counts].map(([state, count]): Sample => [{ prediction, state }, count])
}

function feeds({ live }: Monitored, valueOf: (feed: FeedStatus) => number | undefined): Sample[] {
  return (live?.status() ?? []).flatMap(feed => {
    const value = valueOf(feed)
    return value === undefined ? [] : [[{ source: feed.source }, value] as const]
  })
}

function models({ live }: Monitored, valueOf: (stats: ModelReport['stats']) => number): Sample[] {
  return (live?.models() ?? []).map(({ prediction, stats }): Sample => [{ prediction }, valueOf(stats)])
}

function logged({ audits, resolvers }: Monitored, valueOf: (counts: LoggedCounts) => number): Sample[] {
  return resolvers.flatMap(({ prediction: { name: prediction } }) => {
    const counts = audits?.loggedCounts(prediction)
    return counts === undefined ? [] : [[{ prediction }, valueOf(counts)] as const]
  })
}

/** @param label of the name that comes with each value; absent: it has none. */
function lastAudits(
  { audits, resolvers }: Monitored,
  valuesOf: (last: LastAudit) => readonly (readonly [name: string, value: number])[],
  label?: string,
): Sample[] {
  return resolvers.flatMap(({ prediction: { name: prediction } }) => {
    const last = audits?.lastAudit(prediction)
    if (last === undefined) return []
    return valuesOf(last).map(([name, value]): Sample => [{ prediction, ...(label === undefined ? {} : { [label]: name }) }, value])
  })
}

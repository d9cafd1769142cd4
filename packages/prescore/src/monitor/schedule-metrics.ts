/** What of the schedules is measured: read from what schedulers have noted, whichever process they are. */
import { DUE_OUTCOMES, type ScheduleState } from '../schedule/index.ts'
import { define, type MetricDefinition, type Monitored, type Sample, SECOND_US } from './metric.ts'

export const SCHEDULE_METRICS: readonly MetricDefinition[] = [
  define(
    'counter',
    'scheduled_runs_total',
    ['prediction', 'outcome'],
    `Due times of the schedule, by what became of them: ${DUE_OUTCOMES.join(', ')}.`,
    monitored =>
      scheduled(
        monitored,
        ({ handled }) => (handled === undefined ? [] : DUE_OUTCOMES.map(name => [name, handled.tallies?.[name]?.count ?? 0])),
        'outcome',
      ),
  ),
  define('counter', 'schedule_late_starts_total', ['prediction'], 'Runs that started more than a minute after they were due.', monitored =>
    scheduled(monitored, ({ handled }) => (handled === undefined ? [] : [['', handled.tallies?.late?.count ?? 0]])),
  ),
  define('gauge', 'schedule_next_due_timestamp_seconds', ['prediction'], 'The next due time of the schedule.', monitored =>
    scheduled(monitored, ({ nextUs }) => moment(nextUs)),
  ),
  define('gauge', 'schedule_last_due_timestamp_seconds', ['prediction'], 'The last due time that has passed.', monitored =>
    scheduled(monitored, ({ passedUs }) => moment(passedUs)),
  ),
  define('gauge', 'schedule_last_done_timestamp_seconds', ['prediction'], 'The last due time whose run was done.', monitored =>
    scheduled(monitored, ({ handled }) => moment(handled?.tallies?.done?.dueUs)),
  ),
]

/** @param label of the name that comes with each value; absent: it has none. */
function scheduled(
  { schedules, resolvers, clock }: Monitored,
  valuesOf: (state: ScheduleState) => readonly (readonly [name: string, value: number])[],
  label?: string,
): Sample[] {
  return resolvers.flatMap(({ prediction: { name: prediction } }) => {
    const state = schedules?.state(prediction, clock.nowUs())
    if (state === undefined) return []
    return valuesOf(state).map(([name, value]): Sample => [{ prediction, ...(label === undefined ? {} : { [label]: name }) }, value])
  })
}

function moment(us: number | undefined): readonly (readonly [name: string, value: number])[] {
  return us === undefined ? [] : [['', us / SECOND_US]]
}

/** The schedules of a project, and the scheduler that runs them: alone, or inside of a server. */
import { join } from 'node:path'
import type { App } from '../../app.ts'
import { formatInstant, PrescoreError } from '../../base/index.ts'
import { type Holder, Lease, type RunDesk, type Schedule, type ScheduleEvent, Scheduler, scheduleOf } from '../../schedule/index.ts'
import { collect } from '../runs/collect.ts'
import type { Retention } from '../runs/retention.ts'

/** @throws PrescoreError `invalid_value` where there is none */
export function schedulesOf({ loaded }: App): readonly Schedule[] {
  const found = Object.values(loaded.definition.predictions).flatMap(prediction => scheduleOf(prediction) ?? [])
  if (found.length > 0) return found
  throw new PrescoreError('invalid_value', {
    where: 'predictions',
    found: 'no schedule',
    expected: 'a prediction with one',
    fix: "Add `schedule: '0 3 * * *'` to a policy.",
  })
}

/** Who runs the schedules of the project's folder. */
export function leaseOf({ ledger }: App): Lease {
  return new Lease(join(ledger.folder, '.lease'))
}

interface SchedulerOptions {
  readonly desk: RunDesk
  readonly onEvent: (event: ScheduleEvent) => void
  /** Where the clock began, if it is a simulated one. */
  readonly nowUs: number | undefined
  /** What is removed after each run; undefined: nothing. */
  readonly retention: Retention | undefined
}

export function schedulerOf(app: App, { desk, onEvent, nowUs, retention }: SchedulerOptions): Scheduler {
  return new Scheduler({
    schedules: schedulesOf(app),
    desk,
    ledger: app.ledger,
    lease: leaseOf(app),
    clock: app.clock,
    sinceUs: nowUs ?? app.clock.nowUs(),
    onEvent,
    ...(retention === undefined ? {} : { afterRun: pruning(app, retention, onEvent) }),
  })
}

/** What keeps old events in a log is told when it is first met, and when it becomes another. */
function pruning(app: App, retention: Retention, onEvent: SchedulerOptions['onEvent']): () => Promise<void> {
  const told = new Map<string, string | null>()
  return async () => {
    const { events } = await collect(app, retention, false)
    for (const { source, keptBy } of events ?? []) {
      if (keptBy !== null && told.get(source) !== keptBy) onEvent({ event: 'kept', source, why: keptBy })
      told.set(source, keptBy)
    }
  }
}

/** An event as data. */
export function eventJson(event: ScheduleEvent): object {
  const failure = 'failure' in event && event.failure !== undefined ? { failure: event.failure.toJSON() } : {}
  const moments = 'asOfUs' in event ? event.asOfUs : undefined
  const asOf = moments === undefined ? {} : { asOf: typeof moments === 'number' ? formatInstant(moments) : moments.map(formatInstant) }
  const holder = 'holder' in event ? { holder: holderJson(event.holder) } : {}
  const { asOfUs: _, failure: __, ...rest } = event as ScheduleEvent & { asOfUs?: unknown; failure?: unknown }
  return { ...rest, ...asOf, ...holder, ...failure }
}

function holderJson({ pid, host, sinceUs }: Holder): object {
  return { pid, host, since: formatInstant(sinceUs) }
}

function holderText({ pid, host, sinceUs }: Holder): string {
  return `process ${pid} on ${host}, since ${formatInstant(sinceUs)},`
}

/** An event for a person. */
export function eventText(event: ScheduleEvent): string {
  switch (event.event) {
    case 'started':
      return `${event.prediction} as of ${formatInstant(event.asOfUs)}: started${event.isLate ? ', late' : ''}`
    case 'ended':
      return `${event.prediction} as of ${formatInstant(event.asOfUs)}: ${OUTCOMES[event.outcome]}${event.isPassed === true ? ', and left staged, as a later as-of is served' : ''}${event.failure === undefined ? '' : `: ${event.failure.message}`}`
    case 'skipped':
      return `${event.prediction}: ${event.asOfUs.length} due ${event.asOfUs.length === 1 ? 'time' : 'times'} skipped, ${SKIPPED[event.why]}, the last ${formatInstant(event.asOfUs[0] as number)}`
    case 'waiting':
      return `waiting: ${holderText(event.holder)} runs the schedules of this folder. This one takes over when that ends; to end it: kill ${event.holder.pid}`
    case 'took_over':
      return 'took over: this process runs the schedules now'
    case 'kept':
      return `log of ${event.source}: old events stay: ${event.why}`
    case 'stuck':
      return `${event.prediction}: cannot be scheduled: ${event.failure.message}`
  }
}

const SKIPPED = {
  overlapped: 'as another run of it went on',
  missed: 'as nobody was there to start it',
  given_up: 'interrupted, and a later one took its place',
} as const

const OUTCOMES = {
  done: 'done',
  gated: 'stopped by a gate',
  failed: 'failed, and is not tried again',
  again: 'is tried again later',
} as const

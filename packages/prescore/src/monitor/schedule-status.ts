/** How the schedule of a prediction stands, as data. */
import { formatInstant } from '../base/index.ts'
import { MISFIRES, type ScheduleState } from '../schedule/index.ts'
import type { ScheduleStatus } from './status-report.ts'

export function scheduleStatus(state: ScheduleState | undefined, nowUs: number): ScheduleStatus | null {
  if (state === undefined) return null
  const { schedule, nextUs, passedUs, handled, overdueUs, failure } = state
  const tallies = handled?.tallies ?? {}
  const outcomes = Object.entries(tallies).map(([name, { count, dueUs, atUs }]) => {
    return [name, { count, lastDue: formatInstant(dueUs), ageSeconds: seconds(nowUs - atUs) }] as const
  })
  return {
    zone: schedule.zone,
    catchUp: schedule.catchUp,
    next: instantOf(nextUs),
    passed: instantOf(passedUs),
    handled: instantOf(handled?.handledUs),
    started: instantOf(handled?.startedUs),
    overdueSeconds: overdueUs === undefined ? null : seconds(overdueUs),
    last: lastOf(handled?.last, nowUs),
    outcomes: Object.fromEntries(outcomes),
    misfires: MISFIRES.reduce((sum, name) => sum + (tallies[name]?.count ?? 0), 0),
    failure: failure === undefined ? null : { code: failure.code, message: failure.message },
  }
}

function lastOf(last: NonNullable<ScheduleState['handled']>['last'], nowUs: number): ScheduleStatus['last'] {
  if (last === undefined) return null
  const { dueUs, outcome, atUs, failure = null } = last
  return { due: formatInstant(dueUs), outcome, at: formatInstant(atUs), ageSeconds: seconds(nowUs - atUs), failure }
}

function instantOf(us: number | undefined): string | null {
  return us === undefined ? null : formatInstant(us)
}

function seconds(us: number): number {
  return Math.max(0, Math.floor(us / 1_000_000))
}

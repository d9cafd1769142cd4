/** A status for a person: one screen, with what to do at its end. */
import { durationText, type PredictionStatus, type ScheduleStatus, type SourceStatus, type StatusReport } from '../monitor/index.ts'
import { count, emphasis, shortHash, table } from './terminal.ts'

export function statusText({ now, predictions, sources, warnings }: StatusReport): string {
  const told = warnings.map(
    ({ where, message, fix }) => `${emphasis('yellow', 'warning')} ${where}: ${message}\n    ${emphasis('dim', `→ ${fix}`)}`,
  )
  return [
    `At ${whole(now)}`,
    table([PREDICTION_HEAD, ...predictions.map(predictionRow)]),
    table([RUN_HEAD, ...predictions.map(runRow)]),
    ...(predictions.some(({ due }) => due != null) ? [table([SCHEDULE_HEAD, ...predictions.flatMap(scheduleRows)])] : []),
    ...(predictions.some(({ answers }) => answers !== null) ? [table([ANSWER_HEAD, ...predictions.map(answerRow)])] : []),
    ...(predictions.some(({ audit }) => audit !== null) ? [table([AUDIT_HEAD, ...predictions.map(auditRow)])] : []),
    ...(sources.length === 0 ? [] : [table([SOURCE_HEAD, ...sources.map(sourceRow)])]),
    told.length === 0 ? 'Nothing to do.' : told.join('\n'),
  ].join('\n\n')
}

const NONE = '–'
const PREDICTION_HEAD = ['prediction', 'mode', 'run', 'release', 'as of', 'age', 'data through', 'keys', 'live']
const RUN_HEAD = ['last run of', 'run', 'state', 'as of', 'gates']
const SCHEDULE_HEAD = ['schedule of', 'next due', 'last run', 'due at', 'misfires']
const ANSWER_HEAD = ['answers of', 'since the start', 'by step', 'degraded', 'errors']
const AUDIT_HEAD = ['audits of', 'noted answers', 'dropped', 'last audit', 'compared', 'identical', 'defects', 'changed by late events']
const SOURCE_HEAD = ['source', 'events in the log', 'last at', 'applied', 'data through', 'lag']

function predictionRow({ name, mode, serves, live }: PredictionStatus): string[] {
  const liveness = live === null ? NONE : live.ready ? 'ready' : (live.reason?.code ?? 'not ready')
  if (serves === null) return [name, mode, NONE, live?.release == null ? NONE : shortHash(live.release), NONE, NONE, NONE, NONE, liveness]
  const { run, release, asOf, ageSeconds, dataThrough, keys } = serves
  return [name, mode, shortHash(run), shortHash(release), whole(asOf), durationText(ageSeconds), whole(dataThrough), count(keys), liveness]
}

function runRow({ name, lastRun }: PredictionStatus): string[] {
  if (lastRun === null) return [name, NONE, NONE, NONE, NONE]
  const { id, state, asOf, gates } = lastRun
  const failed = gates.filter(({ passed }) => !passed).map(({ gate, level }) => `${gate} ${level === 'warn' ? 'warns' : 'failed'}`)
  return [name, shortHash(id), state, whole(asOf), failed.length === 0 ? `${gates.length} passed` : failed.join(', ')]
}

function scheduleRows({ name, due }: PredictionStatus): string[][] {
  // A server of an earlier version tells of none.
  if (due == null) return []
  const last = due.last === null ? [NONE, NONE] : [OUTCOMES[due.last.outcome] ?? due.last.outcome, whole(due.last.due)]
  return [[name, due.next === null ? 'never' : whole(due.next), ...last, misfires(due)]]
}

const OUTCOMES: Readonly<Record<string, string>> = { gated: 'stopped by a gate', again: 'interrupted' }
const MISFIRES = { missed: 'missed', overlapped: 'overlapped', given_up: 'given up', late: 'late' }

function misfires({ outcomes, handled }: ScheduleStatus): string {
  if (handled === null) return NONE
  const told = Object.entries(MISFIRES).flatMap(([name, words]) =>
    outcomes[name] === undefined ? [] : `${count(outcomes[name].count)} ${words}`,
  )
  return told.length === 0 ? '0' : told.join(', ')
}

function answerRow({ name, answers }: PredictionStatus): string[] {
  if (answers === null) return [name, NONE, NONE, NONE, NONE]
  const { total, bySource, degraded, errors } = answers
  return [name, count(total), shares(bySource, total), shares(degraded, total), shares(errors)]
}

function auditRow({ name, audit }: PredictionStatus): string[] {
  const { logged = null, dropped = null, last = null } = audit ?? {}
  const noted = [logged, dropped].map(number)
  if (last === null) return [name, ...noted, NONE, NONE, NONE, NONE, NONE]
  return [name, ...noted, whole(last.at), ...[last.compared, last.identical, last.defects, last.changedByLateEvents].map(count)]
}

/** Each with its share of the total, else with its number. */
function shares(counts: Readonly<Record<string, number>>, total?: number): string {
  const parts = Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, number]) => `${name} ${total === undefined ? count(number) : `${((number / total) * 100).toFixed(1)} %`}`)
  return parts.length === 0 ? NONE : parts.join(', ')
}

function sourceRow({ name, position, lastAt, applied, dataThrough, lagSeconds }: SourceStatus): string[] {
  return [name, number(position), whole(lastAt), number(applied), whole(dataThrough), lagSeconds === null ? NONE : durationText(lagSeconds)]
}

function number(value: number | null): string {
  return value === null ? NONE : count(value)
}

/** Without its fraction of a second. */
function whole(instant: string | null): string {
  return instant === null ? NONE : instant.replace(/\.\d+/, '')
}

/** What an audit found, for a person. */
import { type AuditReport, type PredictionAudit, reportJson } from '../audit/index.ts'
import { count, emphasis, shortHash, table } from './terminal.ts'

/** Listed at most of each kind; `--json` has more. */
const LISTED_MAX = 10
const HEAD = ['prediction', 'answers', 'compared', 'identical', 'defects', 'changed by late events', 'not comparable']
const LATE_HEAD = ['  late event', 'event time', 'known at', 'why', 'answers']

export function auditText({ unreadableLines, predictions }: AuditReport): string {
  return [
    table([HEAD, ...predictions.map(summaryRow)]),
    ...predictions.flatMap(detailsOf),
    ...(unreadableLines === 0 ? [] : [`${emphasis('red', 'damaged')} ${count(unreadableLines)} lines of the log cannot be read.`]),
    verdict(predictions),
  ].join('\n\n')
}

function summaryRow({ prediction, answers, compared, identical, defects, changedByLateEvents }: PredictionAudit): string[] {
  return [prediction, ...[answers, compared, identical, defects, changedByLateEvents, answers - compared].map(count)]
}

function detailsOf(audit: PredictionAudit): string[] {
  return [...notComparable(audit), ...lateEvents(audit), ...defective(audit)]
}

function notComparable({ prediction, notComparable }: PredictionAudit): string[] {
  if (notComparable.length === 0) return []
  const rows = notComparable.map(({ code, message, answers }) => `  ${count(answers)} ${code}: ${message}`)
  return [[`${emphasis('yellow', 'not comparable')} of ${prediction}`, ...rows].join('\n')]
}

function lateEvents({ prediction, lateEvents, moreLateEvents }: PredictionAudit): string[] {
  if (lateEvents.length === 0) return []
  const rows = lateEvents.slice(0, LISTED_MAX).map(({ source, id, eventTime, knownAt, cause, answers }) => {
    const why = cause === 'late' ? 'known later' : 'not read yet'
    return [`  ${source} ${id ?? 'without id'}`, eventTime, knownAt, why, count(answers)]
  })
  const more = lateEvents.length - rows.length + moreLateEvents
  const rest = more === 0 ? [] : [`  … and ${count(more)} more`]
  return [[`late events of ${prediction}: a training set of today counts them`, table([LATE_HEAD, ...rows]), ...rest].join('\n')]
}

function defective({ prediction, defects, defective }: PredictionAudit): string[] {
  if (defects === 0) return []
  const rows = defective.slice(0, LISTED_MAX).map(({ key, inputs, asOf, release, feature, logged, recomputed }) => {
    const who = reportJson(key === null ? inputs : key)
    return `  ${who} as of ${asOf}, release ${shortHash(release)}\n    ${feature}: answered ${logged}, computed again ${recomputed}`
  })
  const more = defects - rows.length
  return [[`${emphasis('red', 'defects')} of ${prediction}`, ...rows, ...(more === 0 ? [] : [`  … and ${count(more)} more`])].join('\n')]
}

function verdict(predictions: readonly PredictionAudit[]): string {
  const [compared, defects] = [sum(predictions, each => each.compared), sum(predictions, each => each.defects)]
  if (defects > 0) return `${count(defects)} of ${count(compared)} answers are not what they should have been: report it with this output.`
  if (compared === 0) return 'Nothing could be compared.'
  return 'As served, not a bit differs.'
}

function sum(predictions: readonly PredictionAudit[], of: (audit: PredictionAudit) => number): number {
  return predictions.reduce((total, each) => total + of(each), 0)
}

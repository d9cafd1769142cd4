/** A run's report for a person. */
import type { GateResult, RunOutcome, RunReport } from '../batch/index.ts'
import { outputRows } from './outputs-text.ts'
import { foundNothing, nothingText, rescoredText } from './run/rescore.ts'
import { bytesText, count, emphasis, seconds, shortHash, table } from './terminal.ts'

export function runText(outcome: RunOutcome): string {
  if (foundNothing(outcome)) return nothingText(outcome)
  const { run, release, state, unchanged, report, outputs } = outcome
  const head = unchanged ? `Nothing to do: run ${shortHash(run)} is ${state}.` : `Run ${shortHash(run)} is ${state}.`
  return [head, table([['  release', shortHash(release)], ...reportRows(report), ...outputRows(outputs)]), ...advice(outcome)].join('\n')
}

/** What may be done with a run that is not served. */
function advice({ state, run, laterServed }: RunOutcome): readonly string[] {
  if (laterServed !== undefined) {
    const serves = `\`prescore publish ${shortHash(run)} --force --reason "…"\` serves this one all the same.`
    return [`Run ${shortHash(laterServed.run)} is served, of a later as-of: ${laterServed.asOf}. ${serves}`]
  }
  const command = `\`prescore publish ${shortHash(run)}\``
  if (state === 'staged') return [`${command} serves it.`]
  if (state === 'gated') return [`The run before is served on; if this one is right all the same, ${command} serves it.`]
  return state === 'retired' ? [`It was served before; ${command} serves it again.`] : []
}

export function reportRows({
  rows,
  ok,
  rejected,
  rescored,
  gates,
  values,
  digest,
  seconds: times,
  took,
  expected,
}: RunReport): readonly (readonly string[])[] {
  const codes = Object.entries(rejected).map(([code, number]) => `${count(number)} ${code}`)
  const total = Object.values(times).reduce((a, b) => a + b, 0)
  return [
    [
      '  rows',
      `${count(rows)} planned = ${count(ok)} ok + ${count(rows - ok)} rejected${codes.length === 0 ? '' : ` (${codes.join(', ')})`}`,
    ],
    ...(rescored === undefined ? [] : [['  rescored', rescoredText(rescored)]]),
    ...(values === null
      ? []
      : [
          [
            '  values',
            `mean ${figure(values.mean)}, median ${figure(values.median)}, 5–95 % ${figure(values.p05)} to ${figure(values.p95)}`,
          ],
        ]),
    ...gates.map(gateRow),
    [
      '  time',
      `${seconds(total)} (${Object.entries(times)
        .map(([stage, time]) => `${stage} ${seconds(time)}`)
        .join(', ')}), ${count(Math.round(rows / total))} rows/s`,
    ],
    ...(took === undefined ? [] : [['  took', `${bytesText(took.bytes)} on disk, ${bytesText(took.peakMb * 2 ** 20)} of memory at most`]]),
    ...(expected === undefined
      ? []
      : [['  expected', `${seconds(expected.seconds.total)} (${error(total, expected.seconds.total)})${resources(took, expected)}`]]),
    ['  digest', shortHash(digest)],
  ]
}

function gateRow({ gate, passed, level, found, expected }: GateResult): readonly string[] {
  const failed = level === 'warn' ? emphasis('yellow', 'warned') : emphasis('red', 'failed')
  return ['  gate', `${passed ? emphasis('green', 'passed') : failed} ${gate}: ${found}; ${expected} asked for`]
}

/** How far the estimate was off. */
function error(actual: number, expected: number): string {
  const percent = Math.round(((expected - actual) / actual) * 100)
  return percent === 0 ? 'right' : `${Math.abs(percent)} % too ${percent > 0 ? 'much' : 'little'}`
}

function resources(took: RunReport['took'], { peakMb, fileBytes }: NonNullable<RunReport['expected']>): string {
  if (took === undefined) return ''
  return `, ${bytesText(fileBytes)} on disk (${error(took.bytes, fileBytes)}), ${bytesText(peakMb * 2 ** 20)} of memory (${error(took.peakMb, peakMb)})`
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)))
}

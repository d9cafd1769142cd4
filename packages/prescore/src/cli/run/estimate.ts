/** A dry run for a person: what the run, or a backfill, would take, and what that would cost. */
import { formatInstant } from '../../base/index.ts'
import type { BackfillEstimate, Estimate } from '../../batch/index.ts'
import { bytesText, count, seconds, shortHash, table } from '../terminal.ts'

export function estimateText(
  { run, rows, sampleRows, seconds: times, fileBytes, answerBytes, peakMb }: Estimate,
  cost: number | undefined,
): string {
  const stages = Object.entries(times).filter(([stage]) => stage !== 'total')
  return [
    `Run ${shortHash(run)} would score ${count(rows)} rows; from ${count(sampleRows)} of them:`,
    table([
      ['  time', `${seconds(times.total)} (${stages.map(([stage, time]) => `${stage} ${seconds(time)}`).join(', ')})`],
      ['  on disk', `${bytesText(fileBytes)} of files, ${bytesText(answerBytes)} of answers`],
      ['  memory', `up to ${bytesText(peakMb * 2 ** 20)}`],
      ...costRow(cost),
    ]),
  ].join('\n')
}

export function backfillText({ runs, finished, each }: BackfillEstimate, cost: number | undefined): string {
  const before = finished === 0 ? '' : `, beside ${count(finished)} that are finished`
  if (each === undefined) return `Nothing to run: ${finished === 1 ? 'the run is' : `all ${count(finished)} runs are`} finished.`
  const { asOfUs, rows, seconds: times, fileBytes, answerBytes, peakMb } = each
  return [
    `A backfill of ${count(runs)} ${runs === 1 ? 'run' : 'runs'}${before}, each as the last of them: ${count(rows)} rows as of ${formatInstant(asOfUs)}.`,
    table([
      ['  time', `${seconds(times.total * runs)} (${seconds(times.total)} each, one after the other)`],
      ['  on disk', `${bytesText(fileBytes * runs)} of files, ${bytesText(answerBytes * runs)} of answers`],
      ['  memory', `up to ${bytesText(peakMb * 2 ** 20)}`],
      ...costRow(cost),
    ]),
  ].join('\n')
}

function costRow(cost: number | undefined): readonly (readonly string[])[] {
  return cost === undefined ? [] : [['  cost', String(Number(cost.toPrecision(3)))]]
}

export function costOf(totalSeconds: number, hourPrice: number | undefined): number | undefined {
  return hourPrice === undefined ? undefined : (totalSeconds / 3600) * hourPrice
}

/** A dry run for a person: what the run would take, and what that would cost. */
import type { Estimate } from '../../batch/index.ts'
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
      ...(cost === undefined ? [] : [['  cost', String(Number(cost.toPrecision(3)))]]),
    ]),
  ].join('\n')
}

export function costOf({ seconds }: Estimate, hourPrice: number | undefined): number | undefined {
  return hourPrice === undefined ? undefined : (seconds.total / 3600) * hourPrice
}

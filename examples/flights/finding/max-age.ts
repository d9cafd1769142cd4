/** What a `maxAge` costs: the stored answer while it is younger and the batch has one, else the live one. */
import { difference, estimate, value } from './days.ts'
import { percent, signedInterval, table } from './markdown.ts'
import { auc, logLoss, meanOf } from './measures.ts'
import type { Answers } from './take.ts'

const MAX_AGES_HOURS = [0, 3, 4, 5, 6, 9, 12, 24]

/**
 * @param ageHours of the stored answer at departure.
 * @param found 1 where the batch has an answer for the flight's slot.
 */
export function maxAgeTable(of: Answers, ageHours: Float64Array, found: Uint8Array, draws: readonly Float64Array[]): string {
  const { live, stored } = of.scores
  const [liveAuc, liveLoss] = [auc(of, live), logLoss(of, live)]
  const rows = MAX_AGES_HOURS.map(maxAge => {
    const isFresh = (row: number) => found[row] === 1 && ageHours[row]! <= maxAge
    const hybrid = live.map((answer, row) => (isFresh(row) ? stored[row]! : answer))
    const share = value(
      meanOf(of, row => (isFresh(row) ? 0 : 1)),
      of.days,
    )
    return [
      `${maxAge}h`,
      percent(share),
      value(auc(of, hybrid), of.days).toFixed(3),
      signedInterval(estimate(difference(auc(of, hybrid), liveAuc), draws)),
      signedInterval(estimate(difference(logLoss(of, hybrid), liveLoss), draws)),
    ]
  })
  return table(['maxAge', 'answered live', 'AUC', 'AUC − live', 'log loss − live'], rows)
}

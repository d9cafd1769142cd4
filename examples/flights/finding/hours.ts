/** The live answer against the stored ones by hour of departure, among the flights of that hour. */
import { difference, estimate, type Measure, value } from './days.ts'
import { percent, signedInterval, table, whole } from './markdown.ts'
import { auc, logLoss, meanOf } from './measures.ts'
import { type Answers, type Name, shareApart, take } from './take.ts'

/** First and last; those with few flights together. From 0 to 2 the batch of the day before is the last one. */
const HOURS: readonly (readonly [number, number])[] = [[0, 2], [3, 5], ...Array.from({ length: 18 }, (_, i) => [i + 6, i + 6] as const)]
const SHOWN: readonly Name[] = ['live', 'stored', 'fitted', 'history']

export function hourTable(all: Answers, draws: readonly Float64Array[]): string {
  const ofStored = SHOWN.slice(1).map(name => `live − ${name}`)
  const head = ['hour', 'flights', 'late', 'AUC: live', ...SHOWN.slice(1), ...ofStored, 'log loss: live − stored', 'apart']
  return table(
    head,
    HOURS.map(([first, last]) => {
      const of = take(all, row => all.hour[row]! >= first && all.hour[row]! <= last)
      return [first === last ? `${first}` : `${first}–${last}`, ...figures(of, draws)]
    }),
  )
}

function figures(of: Answers, draws: readonly Float64Array[]): string[] {
  const { live, stored } = of.scores
  const [ofLive, ...ofStored] = SHOWN.map(name => auc(of, of.scores[name])) as [Measure, ...Measure[]]
  const late = value(
    meanOf(of, row => of.late[row]!),
    of.days,
  )
  return [
    whole(of.late.length),
    percent(late),
    ...[ofLive, ...ofStored].map(measure => value(measure, of.days).toFixed(3)),
    ...ofStored.map(measure => signedInterval(estimate(difference(ofLive, measure), draws))),
    signedInterval(estimate(difference(logLoss(of, live), logLoss(of, stored)), draws)),
    percent(shareApart(live, stored)),
  ]
}

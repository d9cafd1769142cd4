/** All hours together: the live answer against each that can be stored. */
import { difference, estimate, type Measure, value } from './days.ts'
import { interval, percent, signedInterval, table, whole } from './markdown.ts'
import { auc, brier, logLoss, meanOf } from './measures.ts'
import type { Answers, Name } from './take.ts'

const NAMES: Readonly<Record<Name, string>> = {
  live: 'live',
  stored: 'stored',
  fitted: 'fitted',
  history: 'history',
  constant: 'constant',
}

export function overallTable(of: Answers, draws: readonly Float64Array[]): string {
  const names = Object.keys(NAMES) as Name[]
  const measures = [auc, logLoss, brier].map(
    measure => Object.fromEntries(names.map(name => [name, measure(of, of.scores[name])])) as Record<Name, Measure>,
  )
  const mean = (name: Name) =>
    value(
      meanOf(of, row => of.scores[name][row]!),
      of.days,
    ).toFixed(3)
  const answers = names.map(name => [NAMES[name], mean(name), ...measures.map(by => interval(estimate(by[name], draws), 4))])
  const gains = names
    .slice(1)
    .map(name => [`live − ${NAMES[name]}`, '', ...measures.map(by => signedInterval(estimate(difference(by.live, by[name]), draws), 4))])
  return table(['', 'mean', 'AUC', 'log loss', 'Brier score'], [...answers, ...gains])
}

/** How many flights there are, and how those fare for whose slot the batch has no answer. */
export function countsText(all: Answers, without: Answers): string {
  const rows = all.late.length
  const late = (of: Answers) =>
    percent(
      value(
        meanOf(of, row => of.late[row]!),
        of.days,
      ),
      1,
    )
  const missed = `${whole(without.late.length)} (${percent(without.late.length / rows, 1)})`
  return `${whole(rows)} flights of ${all.days} days, ${late(all)} of them late. ${missed} left in slots for which the batch had no answer; of those ${late(without)} were late.`
}

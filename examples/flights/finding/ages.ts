/** How good an answer is when it, or the data that it knows, is older than the departure. */
import { expressionOf, minutes, nodeOf } from '../../../packages/prescore/src/expressions/index.ts'
import { answersAsOf } from './answers.ts'
import { difference, estimate } from './days.ts'
import type { Flights } from './flights.ts'
import type { Ground } from './ground.ts'
import { percent, signedInterval, table } from './markdown.ts'
import { auc, logLoss } from './measures.ts'
import { shareApart } from './take.ts'

const MINUTE_US = 60_000_000
/** Up to twelve hours: with data a day old the windows of one day are empty, which the model has never seen. */
const AGES_MINUTES = [15, 30, 60, 180, 360, 720]

/**
 * Against the live answer: one that was computed that long before the departure, and one of the departure that knows only what was
 * known that long before.
 *
 * @param note is told after each age.
 */
export async function ageTable(
  ground: Ground,
  flights: Flights,
  draws: readonly Float64Array[],
  note: (text: string) => void,
): Promise<string> {
  const model = await ground.open()
  const [live] = (await answersAsOf(ground, flights, flights.departureUs, [model])) as [Float64Array]
  const [liveAuc, liveLoss] = [auc(flights, live), logLoss(flights, live)]
  const compared = (answers: Float64Array): string[] => [
    signedInterval(estimate(difference(auc(flights, answers), liveAuc), draws)),
    signedInterval(estimate(difference(logLoss(flights, answers), liveLoss), draws)),
    percent(shareApart(live, answers)),
  ]
  const rows: string[][] = []
  for (const age of AGES_MINUTES) {
    const earlier = flights.departureUs.map(us => us - age * MINUTE_US)
    const [asked] = (await answersAsOf(ground, flights, earlier, [model])) as [Float64Array]
    const [knowing] = (await answersAsOf(arrivingLater(ground, age), flights, flights.departureUs, [model])) as [Float64Array]
    rows.push([shown(age), ...compared(asked), ...compared(knowing)])
    note(`answers ${shown(age)} old`)
  }
  await model.close()
  return table(['age', 'older answer: AUC', 'log loss', 'apart', 'older data: AUC', 'log loss', 'apart'], rows)
}

/** The same flights, each known so many minutes later. */
function arrivingLater(ground: Ground, age: number): Ground {
  const { definition } = ground.source
  if (definition.arrival === undefined) throw new Error('flights with an arrival were expected')
  const arrival = nodeOf(expressionOf<'timestamp'>(definition.arrival).plus(minutes(age)))
  return { ...ground, source: { ...ground.source, definition: { ...definition, arrival } } }
}

function shown(age: number): string {
  return age < 60 ? `${age} min` : `${age / 60} h`
}

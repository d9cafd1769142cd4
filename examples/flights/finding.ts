/**
 * What a live answer is worth here: on the held-out days, how good the answer of 03:00 of a flight's slot is against the live one
 * at its departure. `npm run finding` prints the tables of README.md, with progress on stderr; the full tests compare the two.
 */
import { ageTable } from './finding/ages.ts'
import { answersAsOf, batchAsOf, inBatch } from './finding/answers.ts'
import { resampledDays } from './finding/days.ts'
import { type Flights, HOUR_US, readFlights } from './finding/flights.ts'
import { type Ground, openGround } from './finding/ground.ts'
import { hourTable } from './finding/hours.ts'
import { maxAgeTable } from './finding/max-age.ts'
import { countsText, overallTable } from './finding/overall.ts'
import { slotHistory } from './finding/slot-history.ts'
import { type Answers, answersOf, take } from './finding/take.ts'
import { prepare } from './prepare.ts'

/** Days of `train.py`, first and last. */
const TRAINING = ['2001-02-01', '2001-04-30'] as const
const HELD_OUT = ['2001-05-16', '2001-06-30'] as const
/** That of the schedule in the project file. */
const BATCH_HOUR = 3
const BOOTSTRAPS = 1000
/** Four flights in ten, as in training: each age is computed twice. */
const AGES_SAMPLE = 0.4
const SEED = 7

await prepare()
const ground = await openGround()
try {
  await report(ground)
} finally {
  ground.close()
}

async function report(ground: Ground): Promise<void> {
  const flights = await readFlights(ground, ...HELD_OUT)
  const draws = resampledDays(flights.days, BOOTSTRAPS, SEED)
  const asOfUs = batchAsOf(ground, flights, BATCH_HOUR)
  const found = await inBatch(ground, flights, asOfUs)
  const all = await answer(ground, flights, asOfUs)
  note('answers at departure and at 03:00')
  const batch = take(all, row => found[row] === 1)
  const without = take(all, row => found[row] === 0)
  say(countsText(all, without))
  say(overallTable(batch, draws))
  say(hourTable(batch, draws))
  note('by hour')
  const ageHours = flights.departureUs.map((us, row) => (us - asOfUs[row]!) / HOUR_US)
  say(maxAgeTable(all, ageHours, found, draws))
  const some = await readFlights(ground, ...HELD_OUT, AGES_SAMPLE)
  say(`By age, ${some.rows.toLocaleString('en-US')} of the flights:`)
  say(await ageTable(ground, some, draws, note))
}

async function answer(ground: Ground, flights: Flights, asOfUs: Float64Array): Promise<Answers> {
  const [late, late0300] = [await ground.open(), await ground.open('models/late-0300.onnx')]
  const [live] = (await answersAsOf(ground, flights, flights.departureUs, [late])) as [Float64Array]
  const [stored, fitted] = (await answersAsOf(ground, flights, asOfUs, [late, late0300])) as [Float64Array, Float64Array]
  await late.close()
  await late0300.close()
  const seen = await readFlights(ground, ...TRAINING)
  const constant = new Float64Array(flights.rows).fill(seen.late.reduce((sum, one) => sum + one, 0) / seen.rows)
  return answersOf(flights, { live, stored, fitted, history: slotHistory(seen, flights), constant })
}

function say(text: string): void {
  process.stdout.write(`${text}\n\n`)
}

function note(text: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0)} s: ${text}\n`)
}

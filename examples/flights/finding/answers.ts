/** What Prescore answers for flights' slots: features as of any moment by the point-in-time kernel, then a model. */
import type { Chunk, Column } from '../../../packages/prescore/src/expressions/index.ts'
import { historyFeatures } from '../../../packages/prescore/src/history/index.ts'
import type { ModelRunner } from '../../../packages/prescore/src/models/index.ts'
import { DAY_US, type Flights, HOUR_US, numbersOf } from './flights.ts'
import type { Ground } from './ground.ts'

/** Rows given to the kernel at once: bounds memory. */
const BLOCK_ROWS = 200_000

/**
 * The answer of each flight's slot as of its moment, by each model: what a live request, or a batch of that moment, gives
 * for this key.
 */
export async function answersAsOf(
  ground: Ground,
  flights: Flights,
  asOfUs: Float64Array,
  models: readonly ModelRunner[],
): Promise<readonly Float64Array[]> {
  const answers = models.map(() => new Float64Array(flights.rows))
  for (let from = 0; from < flights.rows; from += BLOCK_ROWS) {
    const rows = requests(flights, asOfUs, from, Math.min(from + BLOCK_ROWS, flights.rows))
    const joined = await withFeatures(ground, rows)
    const { vector } = ground.assembly
    const columns = vector.columns(joined)
    for (const [i, model] of models.entries()) {
      const { values } = vector.matrix(columns, 0, rows.rows, model.inputType)
      answers[i]!.set(await model.run(values, rows.rows), from)
    }
  }
  return answers
}

/** The rows [from, to) as requests: columns `key.*` and `asOf`. */
function requests({ slot }: Flights, asOfUs: Float64Array, from: number, to: number): Chunk {
  const part = (column: Column): Column =>
    'codes' in column ? { ...column, codes: column.codes.subarray(from, to) } : { ...column, values: column.values.subarray(from, to) }
  const keys = [...slot].map(([name, column]) => [`key.${name}`, part(column)] as const)
  const asOf: Column = { type: { kind: 'timestamp' }, values: asOfUs.slice(from, to) }
  return { rows: to - from, columns: new Map<string, Column>([...keys, ['asOf', asOf]]) }
}

async function withFeatures({ database, source, pin, assembly }: Ground, rows: Chunk): Promise<Chunk> {
  const asOfUs = numbersOf(rows.columns.get('asOf'))
  const asked = assembly.joins.map(({ definition, keys }) => ({ group: definition, keys: keys(rows), asOfUs }))
  const { features } = await historyFeatures(database, source, pin, asked, { clock: 'as-served' })
  return assembly.joined(rows, new Map(assembly.joins.map(({ name }, i) => [name, features[i] as readonly Column[]])))
}

/** The last moment of a batch at this hour of each day, at or before each departure. */
export function batchAsOf({ zone }: Ground, { departureUs }: Flights, hour: number): Float64Array {
  const shiftUs = hour * HOUR_US
  return departureUs.map(us => zone.toUtcUs(Math.floor((zone.toLocalUs(us) - shiftUs) / DAY_US) * DAY_US + shiftUs))
}

/** 1 where the batch of that moment has an answer for the flight's slot: it had flights in the population's while before. */
export async function inBatch({ database, source, pin, prediction }: Ground, flights: Flights, asOfUs: Float64Array): Promise<Uint8Array> {
  const { entity = {}, population } = prediction
  if (population?.sinceUs === undefined || population.where !== undefined) throw new Error('a population of a while was expected')
  const known = { aggregate: 'count' as const, windowUs: population.sinceUs, delayUs: 0 }
  const group = { source: population.source, entity, by: population.keys, features: { known } }
  const request = { group, keys: [...flights.slot.values()], asOfUs }
  const { features } = await historyFeatures(database, source, pin, [request], { clock: 'as-served' })
  return Uint8Array.from(numbersOf(features[0]?.[0]), count => (count > 0 ? 1 : 0))
}

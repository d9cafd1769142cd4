/** Training rows on a grid of times: at each moment the population as a batch would have found it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { buildDataset } from '../../src/dataset/index.ts'
import type { ExpressionNode } from '../../src/expressions/index.ts'
import type { PopulationDefinition, PredictionDefinition } from '../../src/project/index.ts'
import { type Flight, flights, TYPES } from '../history/oracle.ts'
import { Place, type Row } from '../parquet/place.ts'
import { expectedGrid, LABELS, project, readRows, sorted } from './flights.ts'

const place = await Place.open()
const file = place.path('set.parquet')
const KEYS = { hour: 'hour', from: 'origin' }
const call = (name: string, ...args: ExpressionNode[]): ExpressionNode => ({ call: name, args }) as ExpressionNode
/** Of the flights that departed more than 3 µs before the as-of. */
const BEFORE = call('lt', call('plus', { ref: 'row.at' }, { constant: 3, kind: 'duration' } as never), { ref: 'asOf' })

interface Asked {
  readonly everyUs: number
  readonly fromUs: number
  readonly untilUs: number
  readonly clock?: 'as-served' | 'corrected'
  readonly workMb?: number
  readonly sample?: number
}

async function built(rows: readonly Flight[], population: Omit<PopulationDefinition, 'source' | 'keys'>, { everyUs, ...asked }: Asked) {
  await place.copyRows('flights.parquet', TYPES, rows as readonly (Flight & Row)[])
  const more = { population: { source: 'flights', keys: KEYS, ...population } } satisfies Partial<PredictionDefinition>
  const loaded = project(place, { ...LABELS.next, asOf: { everyUs } }, more)
  const report = await buildDataset(place.database, loaded, { prediction: 'late', clock: 'as-served', file, ...asked })
  return { report, rows: await readRows(place, file) }
}

/** So many that something is known while a label can still be. */
const manyFlights = fc.array(flights, { minLength: 3, maxLength: 4 }).map(all => all.flat().map((each, id) => ({ ...each, id })))

test('the rows are those of the definition, by either clock, with any memory', async () => {
  const asked = fc.record({
    everyUs: fc.integer({ min: 1, max: 4 }),
    fromUs: fc.integer({ min: -5, max: 15 }),
    length: fc.integer({ min: 0, max: 45 }),
    sinceUs: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined, freq: 2 }),
    isDated: fc.boolean(),
    clock: fc.constantFrom('as-served' as const, 'corrected' as const),
    isSmall: fc.boolean(),
  })
  let total = 0
  await fc.assert(
    fc.asyncProperty(manyFlights, asked, async (all, { everyUs, fromUs, length, sinceUs, isDated, clock, isSmall }) => {
      const untilUs = fromUs + length
      const moments = Array.from({ length: length + 1 }, (_, i) => fromUs + i).filter(us => us < untilUs && us % everyUs === 0)
      const isIn = ({ at, got = Number.POSITIVE_INFINITY }: Flight, asOfUs: number) =>
        at < asOfUs && got <= asOfUs && (sinceUs === undefined || at >= asOfUs - sinceUs) && (!isDated || at + 3 < asOfUs)
      const expected = expectedGrid(all, moments, isIn, clock)
      const population = { ...(sinceUs === undefined ? {} : { sinceUs }), ...(isDated ? { where: BEFORE } : {}) }
      const { report, rows } = await built(all, population, { everyUs, fromUs, untilUs, clock, ...(isSmall ? { workMb: 0.05 } : {}) })
      assert.deepEqual(sorted(rows), sorted(expected.rows))
      assert.deepEqual([report.rows, report.unlabelled], [expected.rows.length, expected.unlabelled])
      total += rows.length
    }),
    { numRuns: 60 },
  )
  assert.ok(total > 30, String(total))
})

test('a sample is a share of the keys and moments, the same each time', async () => {
  const [all] = fc.sample(flights, { numRuns: 1, seed: 5 }) as [Flight[]]
  const asked = { everyUs: 1, fromUs: 0, untilUs: 30 }
  const whole = await built(all, {}, asked)
  const half = await built(all, {}, { ...asked, sample: 0.5 })
  const again = await built(all.toReversed(), {}, { ...asked, sample: 0.5 })
  assert.ok(half.rows.length > 0 && half.rows.length < whole.rows.length)
  assert.deepEqual(sorted(again.rows), sorted(half.rows))
})

test('a grid needs a beginning and an end, and not too many moments', async () => {
  const refusal = async (asked: object) => {
    const error = await built([], {}, { everyUs: 1, ...asked } as Asked).catch((thrown: unknown) => thrown)
    assert.ok(error instanceof PrescoreError, String(error))
    return [error.code, error.message]
  }
  const [code, message] = await refusal({ fromUs: 0 })
  assert.deepEqual([code, /a grid of times without a beginning or an end/.test(message ?? '')], ['invalid_value', true])
  assert.match((await refusal({ fromUs: 0, untilUs: 1e6 }))[1] ?? '', /1000000 moments/)
})

test('of a table, every row is there at each moment; a key that comes twice is refused', async () => {
  const types = { hour: 'BIGINT', from: 'VARCHAR', open: 'BOOLEAN' }
  const slots = [
    { hour: 7, from: 'JFK', open: true },
    { hour: 8, from: 'JFK', open: true },
    { hour: 9, from: 'JFK', open: false },
  ]
  const slot = { type: 'table', files: ['slots.parquet'], columns: { hour: 'int64', from: 'string', open: 'boolean' }, derive: {} } as const
  const late = { id: 1, at: 30, got: 30, origin: 'JFK', hour: 7, delay: 1, carrier: 'AA' }
  await place.copyRows('flights.parquet', TYPES, [late] as never)
  const build = async () => {
    const population = { source: 'slots', keys: {}, where: { ref: 'row.open' } }
    const training = { ...LABELS.next, source: 'slots', asOf: { everyUs: 10 }, keys: {} }
    const { definition, ...loaded } = project(place, training, { population })
    const withTable = { ...loaded, definition: { ...definition, sources: { ...definition.sources, slots: slot } } }
    await buildDataset(place.database, withTable, { prediction: 'late', clock: 'as-served', file, fromUs: 1, untilUs: 30 })
    return (await readRows(place, file)).map(({ key_hour, as_of }) => [as_of, key_hour]).sort()
  }
  await place.copyRows('slots.parquet', types, slots)
  assert.deepEqual(await build(), [
    [10, 7],
    [10, 8],
    [20, 7],
    [20, 8],
  ])
  await place.copyRows('slots.parquet', types, [...slots, slots[0] as (typeof slots)[0]])
  await assert.rejects(build(), { code: 'duplicate_keys' })
})

test('the edges: an event at the moment is not before it, one at the beginning of since is in, one known at the moment is known', async () => {
  const flight = (id: number, hour: number, at: number, got: number): Flight => ({
    id,
    hour,
    at,
    got,
    origin: 'JFK',
    delay: 1,
    carrier: 'AA',
  })
  const all = [flight(1, 7, 10, 10), flight(2, 8, 9, 20), flight(3, 9, 11, 21), flight(4, 10, 60, 60)]
  const { rows } = await built(all, { sinceUs: 20 }, { everyUs: 10, fromUs: 10, untilUs: 50 })
  assert.deepEqual(rows.map(({ as_of, key_hour }) => [as_of, key_hour]).sort(), [
    [20, 7],
    [20, 8],
    [30, 7],
    [30, 9],
  ])
})

/** Keys that workers find in slices of a source; the oracle is the population as one database finds it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type PopulationRequest, populationRows, sortedKeys } from '../../src/batch/population.ts'
import { keysOfSlice, slicedKeys } from '../../src/batch/population-slices.ts'
import type { NumberColumn } from '../../src/expressions/index.ts'
import { Database, literal } from '../../src/parquet/index.ts'
import { defineProject, entity, events, onnx, type ProjectDefinition, prediction } from '../../src/project/index.ts'
import { pinSource, sourceAt } from '../../src/sources/index.ts'

const AS_OF_US = Date.parse('2026-03-10T12:00:00Z') * 1000
const ROWS = 20_000
const folder = mkdtempSync(join(tmpdir(), 'prescore-slices-'))
let database: Database

before(async () => {
  database = await Database.open({ threads: 1 })
})
after(() => {
  database.close()
  rmSync(folder, { recursive: true })
})

/** Events of three days around the as-of, of which some arrive late; a tenth are of no key. @param key of row `i` in SQL */
async function requestFor(key: string, threads: number, since: '1d' | undefined = '1d'): Promise<PopulationRequest> {
  const file = join(folder, 'payments.parquet')
  const time = `${AS_OF_US - 2 * 86_400e6} + CAST(hash(i) % ${3 * 86_400e6} AS BIGINT)`
  const columns = [
    `CASE WHEN i % 10 = 0 THEN NULL ELSE CAST(${key} AS BIGINT) END AS customer`,
    `make_timestamptz(${time}) AS time`,
    `make_timestamptz(${time} + CASE WHEN i % 3 = 0 THEN 43200000000 ELSE 0 END) AS received`,
  ]
  const options = 'FORMAT parquet, ROW_GROUP_SIZE 2048'
  await database.query(`COPY (SELECT ${columns.join(', ')} FROM range(${ROWS}) AS t(i)) TO ${literal(file)} (${options})`, 'payments')
  const definition = projectOf(since)
  const source = sourceAt({ folder }, definition, 'payments')
  return {
    prediction: definition.predictions.spend as PopulationRequest['prediction'],
    source,
    pin: await pinSource(database, source),
    asOfUs: AS_OF_US,
    threads,
    find: (of, wanted) => Promise.all(Array.from({ length: of }, (_, index) => keysOfSlice(database, wanted({ index, of }), () => {}))),
    signal: undefined,
  }
}

function projectOf(since: '1d' | undefined): ProjectDefinition {
  const payments = events({
    files: 'payments.parquet',
    columns: { customer: 'int64', time: 'timestamp', received: 'timestamp' },
    time: 'time',
    arrival: r => r.received,
  })
  const customer = entity({ customer: 'int64' })
  const counts = payments.by(customer).features(f => ({ count: f.count({ over: ['1d'] }) }))
  return defineProject({
    sources: { payments },
    predictions: {
      spend: prediction({
        entity: customer,
        join: s => ({ counts: counts.at(s.key) }),
        features: s => s.join.counts,
        model: onnx('none.onnx'),
        population: (since === undefined ? payments : payments.since(since)).keys(customer),
        policy: { mode: 'batch' },
      }),
    },
  }).definition
}

async function oracle(request: PopulationRequest): Promise<number[]> {
  const { index } = await populationRows(database, request)
  return [...(index.columnsOf(sortedKeys(index))[0] as NumberColumn).values]
}

test('the keys that were known by the as-of, whatever the number of slices', async () => {
  for (const threads of [1, 2, 5]) {
    const request = await requestFor('CAST(hash(i, 7) % 9000 AS BIGINT) - 4000', threads)
    const found = await slicedKeys(request)
    const expected = await oracle(request)
    assert.ok(expected.length > 1000 && expected.length < 9000)
    assert.deepEqual([...(found as NumberColumn).values], expected)
  }
})

test('without a range of time, each key that ever was known', async () => {
  const request = await requestFor('hash(i, 7) % 9000', 2, undefined)
  assert.deepEqual([...((await slicedKeys(request)) as NumberColumn).values], await oracle(request))
})

test('keys that lie far apart, or that no double holds, are left to the database', async () => {
  assert.equal(await slicedKeys(await requestFor('(i % 50) * 1000000000000', 2)), undefined)
  assert.equal(await slicedKeys(await requestFor('9007199254740993 + i', 2)), undefined)
})

test('rows that only a condition tells apart are left to the database', async () => {
  const request = await requestFor('i', 2)
  const population = request.prediction.population as NonNullable<typeof request.prediction.population>
  const where = { call: 'gt', args: [{ ref: 'row.customer' }, { value: 3 }] } as never
  const { find: _, ...alone } = request
  assert.equal(await slicedKeys({ ...request, prediction: { ...request.prediction, population: { ...population, where } } }), undefined)
  assert.equal(await slicedKeys(alone), undefined)
})

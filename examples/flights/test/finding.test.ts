/** The finding compares what Prescore serves: its 03:00 answers are those of a batch run, its live ones those of a dataset's features. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { App } from '../../../packages/prescore/src/app.ts'
import { runBatch } from '../../../packages/prescore/src/batch/index.ts'
import { buildDataset } from '../../../packages/prescore/src/dataset/index.ts'
import type { Column } from '../../../packages/prescore/src/expressions/index.ts'
import { literal } from '../../../packages/prescore/src/parquet/index.ts'
import { encodeKey, type KeyColumns } from '../../../packages/prescore/src/project/index.ts'
import { answersAsOf, batchAsOf, inBatch } from '../finding/answers.ts'
import { type Flights, numbersOf, readFlights } from '../finding/flights.ts'
import { type Ground, openGround } from '../finding/ground.ts'
import { slotHistory } from '../finding/slot-history.ts'
import { prepare } from '../prepare.ts'

const DAY = '2001-06-15'
const us = (text: string): number => Date.parse(text) * 1000
const DAY_RANGE = { fromUs: us(`${DAY}T00:00-04:00`), untilUs: us('2001-06-16T00:00-04:00') }
const AS_OF_US = us('2001-06-15T03:00-04:00')

let state: string
let app: App
let ground: Ground
let flights: Flights

before(async () => {
  await prepare()
  state = await mkdtemp(join(tmpdir(), 'prescore-finding-'))
  app = await App.open({ project: join(import.meta.dirname, '..'), state, threads: 2 })
  ground = await openGround()
  flights = await readFlights(ground, DAY, DAY)
})

after(async () => {
  ground.close()
  await app.close()
  await rm(state, { recursive: true, force: true })
})

test('the flights of a day are those of the file', async () => {
  const database = await app.database()
  const file = literal(join(import.meta.dirname, '../data/flights.parquet'))
  const sql = `SELECT count(*) AS flights, count(*) FILTER (delay > 15) AS late FROM ${file} WHERE date::DATE = DATE '${DAY}'`
  const [counted] = await database.query(sql, 'flights')
  const late = flights.late.reduce((sum, one) => sum + one, 0)
  assert.deepEqual({ flights: BigInt(flights.rows), late: BigInt(late) }, counted)
  assert.deepEqual([flights.days, new Set(flights.day)], [1, new Set([0])])
})

test('a sample takes the flights that a sampled dataset has', async () => {
  const some = await readFlights(ground, DAY, DAY, 0.1)
  const file = join(state, 'sample.parquet')
  const database = await app.database()
  await buildDataset(database, app.loaded, { prediction: 'late', clock: 'as-served', ...DAY_RANGE, sample: 0.1, file })
  const rows = await database.query(`SELECT epoch_us(as_of) AS at FROM ${literal(file)} ORDER BY as_of`, 'dataset')
  assert.deepEqual(
    [...some.departureUs].sort(),
    rows.map(({ at }) => Number(at)),
  )
})

test('the batch of a flight is the last one before it', () => {
  const moments = ['2001-06-15T03:00-04:00', '2001-06-16T02:59-04:00', '2001-06-15T02:59-04:00', '2001-04-01T12:00-04:00']
  const batches = ['2001-06-15T03:00-04:00', '2001-06-15T03:00-04:00', '2001-06-14T03:00-04:00', '2001-04-01T03:00-04:00']
  const asOfUs = batchAsOf(ground, { ...flights, departureUs: Float64Array.from(moments, us) }, 3)
  assert.deepEqual([...asOfUs], batches.map(us))
})

test('the stored answers, and which slots have none, are those of a batch run', async () => {
  const asOfUs = batchAsOf(ground, flights, 3)
  const found = await inBatch(ground, flights, asOfUs)
  const answers = await answered(asOfUs)
  const { run } = await runBatch(await app.place(), { prediction: 'late', asOfUs: AS_OF_US, threads: 2, publish: 'gated' })
  const stored = app.store().predictions.open(run)
  assert.ok(stored !== undefined)
  const counts = { same: 0, absent: 0 }
  for (let row = 0; row < flights.rows; row++) {
    if (asOfUs[row] !== AS_OF_US) continue
    const text: string | undefined = stored.text(encodeKey(ground.prediction.entity as KeyColumns, slotOf(row)))
    assert.equal(text !== undefined, found[row] === 1, JSON.stringify(slotOf(row)))
    if (text === undefined) counts.absent++
    else {
      assert.equal(Math.fround(Number(text)), answers[row], JSON.stringify(slotOf(row)))
      counts.same++
    }
  }
  stored.close()
  assert.ok(counts.same > 10_000 && counts.absent > 100, JSON.stringify(counts))
})

test('the live answers are those of the features that a dataset holds', async () => {
  const live = await answered(flights.departureUs)
  const file = join(state, 'late.parquet')
  const database = await app.database()
  await buildDataset(database, app.loaded, { prediction: 'late', clock: 'as-served', ...DAY_RANGE, file })
  const names = ground.assembly.vector.names
  const sql = `SELECT key_origin, key_destination, key_hour, epoch_us(as_of) AS at, ${names.map(name => `"${name}"`)} FROM ${literal(file)}`
  const rows = await database.query(sql, 'dataset')
  const matrix = Float32Array.from(rows.flatMap(row => names.map(name => (row[name] ?? Number.NaN) as number)))
  const model = await ground.open()
  const expected = await model.run(matrix, rows.length)
  await model.close()
  const ofDataset = rows.map((row, i) => `${row.key_origin} ${row.key_destination} ${row.key_hour} ${row.at} ${expected[i]}`)
  const ours = Array.from(live, (answer, row) => `${Object.values(slotOf(row)).join(' ')} ${flights.departureUs[row]} ${answer}`)
  assert.deepEqual(ours.sort(), ofDataset.sort())
})

test('the history of a slot is drawn towards that of its route, and that towards all', () => {
  const column = (...values: string[]): Column => ({
    type: { kind: 'string' },
    codes: Int32Array.from(values.keys()),
    dictionary: values,
  })
  const slots = (routes: readonly (readonly [string, string, number])[]) => ({
    rows: routes.length,
    slot: new Map<string, Column>([
      ['origin', column(...routes.map(([origin]) => origin))],
      ['destination', column(...routes.map(([, destination]) => destination))],
      ['hour', { type: { kind: 'int64' }, values: Float64Array.from(routes, ([, , hour]) => hour) }],
    ]),
  })
  const seen = {
    ...slots([
      ['A', 'B', 7],
      ['A', 'B', 7],
      ['A', 'B', 8],
      ['C', 'D', 9],
    ]),
    late: Uint8Array.of(1, 1, 0, 0),
  }
  const all = 2 / 4
  const route = (2 + 3 * all) / (3 + 3)
  const slot = (2 + 3 * route) / (2 + 3)
  assert.deepEqual(
    [
      ...slotHistory(
        seen,
        slots([
          ['A', 'B', 7],
          ['A', 'B', 1],
          ['X', 'Y', 7],
        ]),
      ),
    ],
    [slot, route, all],
  )
})

test('README.md holds what the command prints', {
  skip: process.env.PRESCORE_FULL !== '1' && 'minutes long: npm run test:all',
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../finding.ts')])
  const readme = await readFile(join(import.meta.dirname, '../README.md'), 'utf8')
  const blocks = stdout.trim().split('\n\n')
  assert.equal(blocks.length, 6)
  for (const block of blocks) assert.ok(readme.includes(block), `not in README.md:\n${block}`)
})

async function answered(asOfUs: Float64Array): Promise<Float64Array> {
  const model = await ground.open()
  const [answers] = (await answersAsOf(ground, flights, asOfUs, [model])) as [Float64Array]
  await model.close()
  return answers
}

function slotOf(row: number): { readonly origin: string; readonly destination: string; readonly hour: number } {
  const text = (name: string): string => {
    const column = flights.slot.get(name)
    if (column === undefined || !('codes' in column)) throw new Error(`a text column ${name} was expected`)
    return column.dictionary[column.codes[row] as number] as string
  }
  return { origin: text('origin'), destination: text('destination'), hour: numbersOf(flights.slot.get('hour'))[row] as number }
}

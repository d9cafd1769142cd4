/** Request inputs beside a population: whose value counts, what is stored with it, and which rows have none. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeKey, inputFingerprint, inputsJson, readInputs } from '../../src/project/index.ts'
import type { StoredEntry } from '../../src/stores/index.ts'
import { inShop, type OpenShop, refused, storedCount } from './harness.ts'
import { AS_OF_US, makeShop, removeShop, writeRows } from './shop.ts'

const folders: string[] = []
after(() => folders.forEach(removeShop))

/** x0 = orders (0 here), x1 = rate, x2 = seats, x3 = hours from `since` to the as-of; missing: -1. */
const config = (population: string) => `import { defineProject, entity, events, onnx, prediction, table } from 'prescore'
const columns = { item: 'string', rate: 'float64', seats: 'int64', opened: 'timestamp', open: 'boolean', kind: 'string' } as const
const items = table({ files: 'items.parquet', columns })
const views = events({ files: 'items.parquet', columns: { ...columns, id: 'int64', seen: 'timestamp' }, id: 'id', time: 'seen' })
const visits = events({ files: 'items.parquet', columns: { ...columns, seen: 'timestamp' }, time: 'seen' })
const item = entity({ item: 'string' })
export default defineProject({
  sources: { items, views, visits },
  predictions: {
    spend: prediction({
      entity: item,
      zone: 'Europe/Paris',
      inputs: { since: 'timestamp', rate: 'float64', seats: 'int64', kind: 'string', open: 'boolean', channel: { kind: 'string', default: 'web "é"' } },
      features: s => ({
        open: s.inputs.open,
        rate: s.inputs.rate,
        seats: s.inputs.seats,
        hours: s.inputs.kind.eq('new').choose(s.asOf.minus(s.inputs.since).inHours(), s.inputs.channel.eq('web "é"').choose(7, 8)),
      }),
      model: onnx('model.onnx', { output: 'values[0]' }),
      population: ${population},
      policy: { mode: 'batch' },
      gates: { coverage: 0.1 },
    }),
  },
})
`
const KINDS = { since: 'timestamp', rate: 'float64', seats: 'int64', kind: 'string', open: 'boolean', channel: 'string' } as const
const TABLE = "items.keys(item).inputs({ since: 'opened' })"
const HOUR_US = 3_600_000_000

function writeConfig(folder: string, text: string): void {
  writeFileSync(join(folder, 'prescore.config.ts'), text)
}

type Row = readonly [
  item: string,
  rate: number | string | null,
  seats: bigint | null,
  openedHours: number | null,
  open: boolean | null,
  kind: string | null,
  atHours?: number,
  id?: number,
]

async function shopOf(population: string, rows: readonly Row[]): Promise<string> {
  const folder = await makeShop({ config: config(population) })
  folders.push(folder)
  const moment = (hours: number | null) =>
    hours === null ? 'NULL::TIMESTAMPTZ' : `make_timestamptz((${AS_OF_US - hours * HOUR_US})::BIGINT)`
  const text = (value: string | null) => (value === null ? 'NULL::VARCHAR' : `'${value}'`)
  const values = rows.map(
    ([item, rate, seats, opened, open, kind, at = 1, id = 0]) =>
      `('${item}', ${rate === null ? 'NULL' : `'${rate}'`}::DOUBLE, ${seats}::BIGINT, ${moment(opened)}, ${open}::BOOLEAN, ${text(kind)}, ${moment(at)}, ${id}::BIGINT)`,
  )
  await writeRows(
    join(folder, 'items.parquet'),
    `SELECT * FROM (VALUES ${values.join(', ')}) AS v(item, rate, seats, opened, open, kind, seen, id)`,
  )
  return folder
}

function entryOf({ app }: OpenShop, run: string, item: string): StoredEntry | undefined {
  const stored = app.store().predictions.open(run)
  try {
    return stored?.entry(encodeKey({ item: 'string' }, { item }))
  } finally {
    stored?.close()
  }
}

const ITEMS: readonly Row[] = [
  ['a', 0.5, 3n, 2, true, 'new'],
  ['b', '-0', 4n, null, false, 'old'],
  ['c', null, null, 5, null, null],
  ['d', 1.25, 1n, -1, true, 'new'],
]

test('the columns of the row are the inputs: by name, by mapping, and the default where there is none', async () => {
  const folder = await shopOf(TABLE, ITEMS)
  const digests = new Set<string>()
  for (const shards of [1, 3]) {
    await inShop(
      folder,
      async shop => {
        const { run, report } = await shop.run({ shards })
        digests.add(report.digest)
        const expected: Record<string, readonly [number, string]> = {
          a: [
            1 + 500 + 3e6 + 2e9,
            '{"channel":"web \\"é\\"","kind":"new","open":true,"rate":0.5,"seats":3,"since":"2026-03-10T10:00:00.000000Z"}',
          ],
          b: [4e6 + 7e9, '{"channel":"web \\"é\\"","kind":"old","open":false,"rate":0,"seats":4,"since":null}'],
          c: [
            -1 - 1e3 - 1e6 - 1e9,
            '{"channel":"web \\"é\\"","kind":null,"open":null,"rate":null,"seats":null,"since":"2026-03-10T07:00:00.000000Z"}',
          ],
          d: [
            1 + 1250 + 1e6 - 1e9,
            '{"channel":"web \\"é\\"","kind":"new","open":true,"rate":1.25,"seats":1,"since":"2026-03-10T13:00:00.000000Z"}',
          ],
        }
        for (const [item, [value, inputs]] of Object.entries(expected)) {
          const entry = entryOf(shop, run, item)
          assert.deepEqual([entry?.valueText, entry?.inputsText], [String(value), inputs], item)
          assert.deepEqual(entry?.fingerprint, createHash('sha256').update(inputs).digest().subarray(0, 16))
          assert.deepEqual(entry?.fingerprint, inputFingerprint(KINDS, readInputs(KINDS, inputs)))
          assert.equal(inputsJson(KINDS, readInputs(KINDS, inputs)), inputs)
        }
        const lines = Object.entries(expected).map(([item, [value, inputs]]) => `{"item":"${item}"}\t${inputs}\t${value}\n`)
        assert.equal(report.digest, createHash('sha256').update(lines.join('')).digest('hex'))
      },
      { state: join(folder, `state-${shards}`) },
    )
  }
  assert.equal(digests.size, 1)
})

test('int64 inputs beyond 2^53 are exact in what is stored, beside rows without one', async () => {
  const folder = await shopOf(TABLE, [
    ['big', 1, 9007199254740993n, 1, true, 'old'],
    ['none', 1, null, 1, true, 'old'],
  ])
  const exact = config(TABLE).replace('seats: s.inputs.seats,', "seats: s.inputs.kind.eq('old'),")
  writeConfig(folder, exact)
  await inShop(folder, async shop => {
    const { run } = await shop.run()
    assert.match(String(entryOf(shop, run, 'big')?.inputsText), /"seats":9007199254740993,/)
    assert.match(String(entryOf(shop, run, 'none')?.inputsText), /"seats":null,/)
  })
})

test('a row with an input that no request could give is rejected alone', async () => {
  const folder = await shopOf(TABLE, [...ITEMS, ['e', 'Infinity', 1n, 1, true, 'new'], ['f', '-Infinity', 1n, 1, true, 'old']])
  await inShop(folder, async shop => {
    const { run, report } = await shop.run()
    assert.deepEqual([report.ok, report.rejected], [4, { invalid_input: 2 }])
    assert.equal(storedCount(shop.app, run), 4)
    assert.equal(entryOf(shop, run, 'e'), undefined)
  })
})

const of = (value: number, atHours: number, id: number): Row => ['a', value, 1n, 1, true, 'old', atHours, id]

test('of several events of a key the last counts: by event time, then by id, in any order', async () => {
  const cases: readonly (readonly [rows: readonly Row[], rate: number])[] = [
    [[of(1, 3, 1), of(2, 2, 2), of(3, 4, 3)], 2],
    [[of(2, 2, 2), of(1, 3, 1), of(3, 4, 3)], 2],
    [[of(1, 2, 9), of(2, 2, 10), of(3, 2, 8)], 2],
    [[of(3, 2, 8), of(2, 2, 10), of(1, 2, 9)], 2],
    // What is not known yet, and an id that came before, do not count.
    [[of(1, 3, 1), of(2, -1, 2), of(4, 3, 0)], 1],
  ]
  for (const [rows, rate] of cases) {
    const folder = await shopOf("views.keys(item).inputs({ since: 'opened' })", rows)
    await inShop(folder, async shop => {
      const { run, report } = await shop.run()
      assert.equal(report.rows, 1)
      assert.match(String(entryOf(shop, run, 'a')?.inputsText), new RegExp(`"rate":${rate},`))
    })
  }
})

test('without an id, of two events of one time the greater inputs count, in any order', async () => {
  const rows = [of(1, 2, 0), of(3, 2, 0), of(2, 2, 0)]
  for (const order of [rows, rows.toReversed()]) {
    const folder = await shopOf("visits.keys(item).inputs({ since: 'opened' })", order)
    await inShop(folder, async shop => {
      const { run } = await shop.run()
      assert.match(String(entryOf(shop, run, 'a')?.inputsText), /"rate":3,/)
    })
  }
})

test('which column an input comes from is part of the run', async () => {
  const folder = await shopOf(TABLE, ITEMS)
  const first = await inShop(folder, ({ run }) => run())
  writeConfig(folder, config("items.keys(item).inputs({ since: 'opened', rate: 'rate' })"))
  const same = await inShop(folder, ({ run }) => run())
  writeConfig(
    folder,
    config(TABLE).replace("opened: 'timestamp'", "opened: 'timestamp', since: 'timestamp'").replace(TABLE, 'items.keys(item)'),
  )
  await writeRows(
    join(folder, 'items.parquet'),
    "SELECT 'a' AS item, 0.5::DOUBLE AS rate, 3::BIGINT AS seats, now() AS opened, now() AS since, true AS open, 'new' AS kind, now() AS seen, 0::BIGINT AS id",
  )
  const other = await inShop(folder, ({ run }) => run({ repin: true }))
  assert.deepEqual([same.run, same.unchanged], [first.run, true])
  assert.equal(other.release, first.release)
  assert.notEqual(other.run, first.run)
})

test('an input without a column and without a default', async () => {
  const folder = await shopOf('items.keys(item)', ITEMS)
  await assert.rejects(
    inShop(folder, ({ run }) => run()),
    error => refused('project_invalid', /spend/)(error),
  )
})

/** Looking at runs: what is shown of one, what two differ in, and what a file for others holds. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { diffRuns, exportRun, inspectRun, publishRun, rollbackRun } from '../../src/batch/index.ts'
import { literal } from '../../src/parquet/index.ts'
import { inShop, type OpenShop, refused } from './harness.ts'
import { AS_OF_US, expectedAnswers, makeShop, removeShop, shopCustomers, writeCustomers } from './shop.ts'

const DAY_US = 86_400_000_000
let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

/** Rows of a file that was exported. */
async function rowsOf({ app }: OpenShop, file: string, reader = 'read_parquet'): Promise<Record<string, unknown>[]> {
  return (await app.database()).query(`SELECT * FROM ${reader}(${literal(file)})`, file)
}

test('show: plan, pins, shards, lineage, and who served it and why', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const staged = await run({ shards: 3, publish: 'never' })
      const place = { store: app.store(), runs: app.runs }
      const before = await inspectRun(place, staged.run.slice(0, 10))
      assert.deepEqual([before.isServed, before.isReady, before.record.serving], [false, false, undefined])
      await publishRun(await app.place(), staged.run, { who: 'ann', reason: 'looks right' })
      const other = await run({ asOfUs: AS_OF_US + DAY_US, note: { who: 'bob' } })
      const retired = await inspectRun(place, staged.run)
      assert.deepEqual([retired.isServed, retired.isReady], [false, true])
      await rollbackRun(await app.place(), 'spend', { who: 'eve', reason: 'too old' })
      const details = await inspectRun(place, staged.run)
      assert.deepEqual([details.isServed, details.isReady], [true, false])
      assert.deepEqual(
        details.record.serving?.map(({ state, by, who, reason }) => [state, by, who, reason]),
        [
          ['published', 'publish', 'ann', 'looks right'],
          ['retired', 'publish', 'bob', undefined],
          ['published', 'rollback', 'eve', 'too old'],
        ],
      )
      assert.equal((await inspectRun(place, other.run)).isReady, false)
      assert.deepEqual(Object.keys(details.plan?.pins ?? {}).sort(), ['customers', 'orders'])
      assert.equal(details.release?.id, staged.release)
      assert.deepEqual(
        details.shards.score.map(({ rows, rejected, isDone }) => [rows, rejected, isDone]),
        [
          [10, 0, true],
          [10, 0, true],
          [11, 0, true],
        ],
      )
      // One key of one join for each customer, by hash.
      assert.equal(
        details.shards.features.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
        31,
      )
      assert.ok(details.bytes > 1_000)
    },
    { state: join(folder, 'show') },
  ))

test('show: an unfinished run says which shards are open', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const { run: id } = await run({ shards: 2, publish: 'never' })
      rmSync(join(app.runs, id, 'score/1/DONE'))
      const { shards } = await inspectRun({ store: app.store(), runs: app.runs }, id)
      assert.deepEqual(
        shards.score.map(({ isDone }) => isDone),
        [true, false],
      )
      await assert.rejects(
        app.place().then(place => exportRun(place, { run: id, file: join(folder, 'x.csv'), format: 'csv', withFeatures: false })),
        refused('run_corrupt'),
      )
    },
    { state: join(folder, 'open') },
  ))

test('diff: every key, compared with the answers as they must be', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const first = await run({ asOfUs: AS_OF_US - DAY_US, shards: 3 })
      const others = [...shopCustomers().filter(({ customer }) => customer !== 'c0'), { customer: 'new', active: true }]
      await writeCustomers(folder, others)
      const second = await run({ shards: 2 })
      await writeCustomers(folder, shopCustomers())
      const [a, b] = [expectedAnswers(undefined, undefined, AS_OF_US - DAY_US), expectedAnswers(undefined, others)]
      const both = [...a.keys()].filter(key => b.has(key))
      const changes = both
        .map(customer => ({ customer, change: (b.get(customer) as number) - (a.get(customer) as number) }))
        .filter(({ change }) => change !== 0)
        .sort((one, other) => Math.abs(other.change) - Math.abs(one.change))
      const place = await app.place()
      const diff = await diffRuns(place, { a: first.run, b: second.run, top: 5, withFeatures: true })
      assert.ok(changes.length > 5)
      assert.deepEqual(diff.keys, { same: both.length - changes.length, moved: changes.length, lost: 0, gained: 0, removed: 1, added: 1 })
      assert.deepEqual(
        diff.moved.map(({ key, change }) => [JSON.parse(key).customer, change]),
        changes.slice(0, 5).map(({ customer, change }) => [customer, change]),
      )
      assert.equal(diff.change?.max, Math.abs(changes[0]?.change as number))
      assert.deepEqual([diff.others.removed[0]?.key, diff.others.added[0]?.key], ['{"customer":"c0"}', '{"customer":"new"}'])
      // The hour is the same at both moments, and what moved is a feature of the orders.
      assert.deepEqual(Object.keys(diff.features ?? {}).sort(), ['largest', 'orders', 'total'])
      for (const { a: before, b: after, features = [] } of diff.moved) {
        const weights: Record<string, number> = { orders: 1, total: 1e3, largest: 1e6 }
        const moved = features.reduce((sum, each) => sum + (weights[each.feature] as number) * ((each.b ?? -1) - (each.a ?? -1)), 0)
        assert.equal(moved, Number(after) - Number(before))
      }
      const same = await diffRuns(place, { a: first.run, b: first.run, top: 5, withFeatures: false })
      assert.deepEqual([same.keys.same, same.keys.moved, same.change, same.features], [31, 0, null, undefined])
    },
    { state: join(folder, 'diff') },
  ))

test('export: a stable schema in three formats, with the features that the model met', () =>
  inShop(
    folder,
    async shop => {
      const { run, release } = await shop.run({ shards: 3 })
      const place = await shop.app.place()
      const columns = ['key_customer', 'value', 'rejected', 'as_of', 'data_through', 'release', 'run', 'written_at']
      for (const [format, reader] of [
        ['parquet', 'read_parquet'],
        ['csv', 'read_csv'],
        ['ndjson', 'read_json'],
      ] as const) {
        const file = join(folder, `out.${format}`)
        const exported = await exportRun(place, { run: run.slice(0, 12), file, format, withFeatures: false })
        assert.deepEqual([exported.rows, exported.columns], [31, columns], format)
        const rows = await rowsOf(shop, file, reader)
        const answers = [...expectedAnswers()].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        assert.deepEqual(
          rows.map(row => [row.key_customer, Number(row.value)]),
          answers,
          format,
        )
        assert.deepEqual([...new Set(rows.map(row => `${row.release} ${row.run}`))], [`${release} ${run}`])
      }
      const text = readFileSync(join(folder, 'out.csv'), 'utf8')
      assert.match(text, /^key_customer,value,rejected,as_of,/)
      assert.match(text, /,2026-03-10T12:00:00\.000000Z,2026-03-10T11:55:00\.000000Z,/)
      const lines = readFileSync(join(folder, 'out.ndjson'), 'utf8').trimEnd().split('\n')
      assert.deepEqual(Object.keys(JSON.parse(lines[0] as string)), columns)
      const file = join(folder, 'features.parquet')
      const { columns: named } = await exportRun(place, { run, file, format: 'parquet', withFeatures: true })
      assert.deepEqual(named.slice(3, 7), ['feature_orders', 'feature_total', 'feature_largest', 'feature_hour'])
      for (const row of await rowsOf(shop, file)) {
        const [orders, total, largest, hour] = ['orders', 'total', 'largest', 'hour'].map(name => row[`feature_${name}`]) as (
          | number
          | null
        )[]
        assert.equal((orders ?? -1) + 1e3 * (total ?? -1) + 1e6 * (largest ?? -1) + 1e9 * (hour ?? -1), row.value)
      }
      await assert.rejects(
        exportRun(place, { run, file: join(folder, 'nowhere/x.csv'), format: 'csv', withFeatures: false }),
        refused('file_unwritable'),
      )
      assert.deepEqual(
        readdirSync(folder).filter(name => name.endsWith('.tmp')),
        [],
      )
    },
    { state: join(folder, 'export') },
  ))

test('a run whose folder is gone can be shown, and is not exported', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const { run: id } = await run()
      rmSync(join(app.runs, id), { recursive: true })
      const details = await inspectRun({ store: app.store(), runs: app.runs }, id)
      assert.deepEqual([details.plan, details.bytes, details.report?.rows], [undefined, 0, 31])
      const place = await app.place()
      await assert.rejects(diffRuns(place, { a: id, b: id, top: 1, withFeatures: false }), refused('run_not_found', /pruned/))
    },
    { state: join(folder, 'gone') },
  ))

/** A run from end to end: the answers, whatever the number of shards and threads, and what repeating it does. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { RunProgress } from '../../src/batch/index.ts'
import { assertAnswers, doneFile, inShop, refused } from './harness.ts'
import { AS_OF_US, CONFIG, changed, expectedAnswers, makeShop, removeShop, writeRows } from './shop.ts'

let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

test('the answers are what the definition says', () =>
  inShop(folder, async shop => {
    const { run, release, state, unchanged, report } = await shop.run()
    assert.deepEqual([state, unchanged, report.rows, report.ok, report.rejected], ['published', false, 31, 31, {}])
    assert.deepEqual(report.missing, { orders: 0, total: 0, largest: 1, hour: 0 })
    assertAnswers(shop, run, expectedAnswers())
    const values = [...expectedAnswers().values()].sort((a, b) => a - b)
    assert.deepEqual([report.values?.min, report.values?.median, report.values?.max], [values[0], values[15], values[30]])
    const record = shop.app.store().catalog.getRun(run)
    assert.deepEqual([record.release, record.asOfUs, record.state], [release, AS_OF_US, 'published'])
    // The last order known by then was placed ten minutes before, and takes five to arrive.
    assert.equal(record.dataThroughUs, AS_OF_US - 5 * 60_000_000)
    assert.equal(shop.app.store().catalog.getRelease(release).prediction, 'spend')
  }))

test('shards and threads change neither the digest nor a stored byte', async () => {
  const results: object[] = []
  for (const [shards, threads] of [
    [1, 1],
    [2, 2],
    [7, 1],
    [7, 2],
  ] as const) {
    const state = join(folder, `state-${shards}-${threads}`)
    const result = await inShop(
      folder,
      async shop => {
        const { run, report } = await shop.run({ shards })
        assertAnswers(shop, run, expectedAnswers())
        const { dataThroughUs } = shop.app.store().catalog.getRun(run)
        return { run, digest: report.digest, missing: report.missing, values: report.values, dataThroughUs }
      },
      { state, threads },
    )
    results.push(result)
    assert.equal(readdirSync(join(state, 'runs', result.run, 'score')).length, shards)
  }
  for (const result of results) assert.deepEqual(result, results[0])
})

test('the digest is of the canonical rows', () =>
  inShop(folder, async ({ run }) => {
    const lines = [...expectedAnswers()]
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([customer, value]) => `{"customer":"${customer}"}\t${value}\n`)
    assert.equal((await run()).report.digest, createHash('sha256').update(lines.join('')).digest('hex'))
  }))

test('a finished run does nothing, and starts no worker', () =>
  inShop(folder, async ({ app, run }) => {
    const first = await run()
    const events: RunProgress['event'][] = []
    const again = await run({ onProgress: ({ event }) => events.push(event) })
    assert.deepEqual(again, { ...first, unchanged: true })
    assert.deepEqual(events, ['released', 'planned'])
    assert.equal(app.store().catalog.pointer('spend')?.sequence, 1)
  }))

test('progress: each stage is announced, counts up to its total, and says so when it is resumed', () =>
  inShop(
    folder,
    async shop => {
      const events: RunProgress[] = []
      const { run } = await shop.run({ shards: 3, publish: 'never', onProgress: event => events.push(event) })
      const rowsOf = (stage: string) =>
        events.filter(each => each.event === 'rows' && each.stage === stage) as Extract<RunProgress, { event: 'rows' }>[]
      for (const stage of ['features', 'score', 'stage']) assert.equal(rowsOf(stage)[0]?.done, 0, stage)
      // Each of the workers reads the orders of the week once.
      assert.equal(rowsOf('features')[0]?.total, undefined)
      const scanned = rowsOf('features').at(-1)
      assert.ok((scanned?.done as number) > 100)
      assert.equal(scanned?.total, scanned?.done)
      assert.deepEqual(rowsOf('score').at(-1), { event: 'rows', stage: 'score', done: 31, total: 31 })
      assert.deepEqual(rowsOf('stage').at(-1), { event: 'rows', stage: 'stage', done: 31, total: 31 })
      assert.deepEqual(
        events.find(({ event }) => event === 'planned'),
        { event: 'planned', run, rows: 31, resumed: false },
      )
    },
    { state: join(folder, 'progress') },
  ))

test('a run that lost some of its DONE files computes those shards again, and comes to the same', async () => {
  const whole = await inShop(folder, ({ run }) => run())
  const state = join(folder, 'resumed')
  // As a kill between claiming and the catalog's record would leave it: shards without DONE, and a run that is only planned.
  await inShop(folder, shop => shop.run({ shards: 5, publish: 'never' }), { state })
  rmSync(join(state, 'store'), { recursive: true })
  await inShop(
    folder,
    async shop => {
      const kept = readFileSync(doneFile(shop, whole.run, 'score', 1), 'utf8')
      for (const [stage, shard] of [
        ['features', 3],
        ['score', 0],
        ['score', 4],
      ] as const)
        rmSync(doneFile(shop, whole.run, stage, shard))
      const done: number[] = []
      const { run, report } = await shop.run({
        onProgress: each => each.event === 'rows' && each.stage === 'score' && done.push(each.total as number),
      })
      assert.equal(run, whole.run)
      assert.equal(report.digest, whole.report.digest)
      assert.equal(done[0], 6 + 7)
      assert.equal(readFileSync(doneFile(shop, run, 'score', 1), 'utf8'), kept)
      assertAnswers(shop, run, expectedAnswers())
    },
    { state },
  )
})

test('a resumed run with every shard done only stores them', async () => {
  const state = join(folder, 'staged')
  await inShop(folder, shop => shop.run({ publish: 'never' }), { state })
  rmSync(join(state, 'store'), { recursive: true })
  await inShop(
    folder,
    async shop => {
      const stages: string[] = []
      const { run, state, report } = await shop.run({ onProgress: each => each.event === 'rows' && stages.push(each.stage) })
      assert.deepEqual([state, [...new Set(stages)], report.seconds.features, report.seconds.score], ['published', ['stage'], 0, 0])
      assertAnswers(shop, run, expectedAnswers())
    },
    { state },
  )
})

test('what one shard left behind is never visible, and never listed', () =>
  inShop(
    folder,
    async shop => {
      const { run } = await shop.run({ shards: 2, publish: 'never' })
      writeFileSync(join(shop.app.runs, run, 'score/0/abandoned.parquet'), 'half')
      writeFileSync(join(shop.app.runs, run, 'features/1/DONE.half.tmp'), '{')
      rmSync(doneFile(shop, run, 'score', 1))
      const again = await shop.run()
      assert.equal(again.run, run)
      assertAnswers(shop, run, expectedAnswers())
    },
    { state: join(folder, 'abandoned') },
  ))

test('another as-of is another run, and the window moves with it', async () => {
  const asOfUs = AS_OF_US - 3 * 86_400_000_000
  await inShop(folder, async shop => {
    const { run } = await shop.run({ asOfUs, publish: 'never' })
    assertAnswers(shop, run, expectedAnswers(undefined, undefined, asOfUs))
  })
})

test('an as-of before all data: nothing is missing but what is missing, and nothing is claimed of the data', () =>
  inShop(folder, async shop => {
    const asOfUs = AS_OF_US - 3650 * 86_400_000_000
    const { run, report } = await shop.run({ asOfUs, publish: 'never' })
    assert.equal(report.missing.largest, 31)
    assert.equal(shop.app.store().catalog.getRun(run).dataThroughUs, null)
    assert.equal(
      shop.app
        .store()
        .predictions.list()
        .find(header => header.run === run)?.dataThroughUs,
      null,
    )
  }))

test('a heartbeat of an idle feed says that the data goes through the as-of, and changes nothing else', async () => {
  const options = { state: join(folder, 'state-heartbeat') }
  const run = () =>
    inShop(
      folder,
      async shop => {
        const { run, report } = await shop.run({ publish: 'never' })
        await shop.app.log('orders').heartbeat()
        return { run, digest: report.digest, dataThroughUs: shop.app.store().catalog.getRun(run).dataThroughUs }
      },
      options,
    )
  const before = await run()
  rmSync(options.state, { recursive: true })
  await inShop(folder, ({ app }) => app.log('orders').heartbeat(), options)
  assert.deepEqual(await run(), { ...before, dataThroughUs: AS_OF_US })
  assert.equal(before.dataThroughUs, AS_OF_US - 5 * 60_000_000)
})

test('two joins of two sources: the data goes through as far as the one that lags, whatever the shards', async () => {
  const lagging = changed(
    changed(
      CONFIG,
      "const customers = table({ files: 'customers.parquet', columns: { customer: 'string', active: 'boolean' } })",
      `const customers = table({ files: 'customers.parquet', columns: { customer: 'string', active: 'boolean' } })
const early = events({ files: 'early.parquet', columns: { id: 'int64', placed: 'timestamp', customer: 'string' }, id: 'id', time: 'placed' })`,
    ),
    '({ own: own.at(s.key) }),\n      features: s => ({ orders: s.join.own.orders',
    "({ own: own.at(s.key), early: early.by(customer).features(f => ({ orders: f.count({ over: '28d' }) })).at(s.key) }),\n      features: s => ({ orders: s.join.early.orders",
  ).replace('sources: { orders', 'sources: { early, orders')
  const other = await makeShop({ config: lagging })
  const lastUs = AS_OF_US - 2 * 86_400_000_000
  await writeRows(join(other, 'early.parquet'), `SELECT 1::BIGINT AS id, make_timestamptz(${lastUs}::BIGINT) AS placed, 'c0' AS customer`)
  try {
    for (const shards of [1, 5]) {
      const { dataThroughUs, first } = await inShop(
        other,
        async shop => {
          const { run } = await shop.run({ shards })
          return { ...shop.app.store().catalog.getRun(run), first: shop.stored(run, { customer: 'c0' }) }
        },
        { state: join(other, `state-${shards}`) },
      )
      assert.equal(dataThroughUs, lastUs)
      // All but the count of orders is a multiple of 125.
      assert.equal(Number(first) % 125, 1)
    }
  } finally {
    removeShop(other)
  }
})

test('a prediction without a population', async () => {
  const config = changed(CONFIG, '      population: customers.where(r => r.active).keys(customer),\n', '')
  const other = await makeShop({ config: changed(config, "mode: 'batch'", "mode: 'live'") })
  await assert.rejects(
    inShop(other, shop => shop.run()),
    refused('no_population', /spend/),
  )
  assert.ok(!existsSync(join(other, '.prescore/runs')))
  removeShop(other)
})

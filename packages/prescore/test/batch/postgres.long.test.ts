/** A published run as a PostgreSQL table: swapped whole, idempotent, kept for a while, and never half-visible, whatever is killed. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { formatInstant, optionalPackage } from '../../src/base/index.ts'
import { inspectRun, publishRun, type RunOutcome, rollbackRun } from '../../src/batch/index.ts'
import { start, until } from '../cli/process.ts'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'
import { inShop, type OpenShop, refused } from './harness.ts'
import { OUTPUT_URL, TABLE, withOutput } from './postgres-shop.ts'
import { AS_OF, AS_OF_US, expectedAnswers, makeShop, removeShop, shopOrders, writeRows } from './shop.ts'

const HOUR_US = 3_600_000_000
const KILLS = process.env.PRESCORE_FULL === '1' ? 40 : 3
const missing = postgresMissing()

test('a package that is not installed says how to install it', async () => {
  const absent = 'prescore-never-there'
  await assert.rejects(
    optionalPackage(absent, 'a test', () => import(absent)),
    refused('package_missing', /prescore-never-there.*npm install/s),
  )
})

describe('PostgreSQL as an output', { skip: missing ?? false }, () => {
  let server: PostgresServer
  let folder: string

  before(async () => {
    server = await PostgresServer.start()
    process.env[OUTPUT_URL] = server.url
    folder = await makeShop({ config: withOutput(TABLE) })
  })
  after(async () => {
    await server?.remove()
    if (folder !== undefined) removeShop(folder)
  })
  beforeEach(async () => {
    await server.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public')
  })

  let states = 0
  const inNewState = (use: (shop: OpenShop) => Promise<void>, state = `state-${states++}`) =>
    inShop(folder, use, { state: join(folder, state) })

  /** What the application reads: of one run, and all of it. */
  async function current(): Promise<{ run: string | undefined; answers: Map<string, number> }> {
    const rows = await server.query('SELECT customer, value, run FROM scores_current ORDER BY customer')
    assert.ok(new Set(rows.map(({ run }) => run)).size <= 1, 'one run at a time')
    return { run: rows[0]?.run as string | undefined, answers: new Map(rows.map(row => [row.customer as string, row.value as number])) }
  }

  const partitions = async () => (await server.query("SELECT inhrelid FROM pg_inherits WHERE inhparent = 'scores'::regclass")).length

  /** By key; the expected answers of the shop are of 13 o'clock in Paris. */
  const answersAt = (hoursBefore: number) =>
    new Map(
      [...expectedAnswers(undefined, undefined, AS_OF_US - hoursBefore * HOUR_US)]
        .map(([key, value]) => [key, value - hoursBefore * 1e9])
        .sort() as [string, number][],
    )

  test('a run is there with its as-of, age, release and run; repeated, nothing is written', () =>
    inNewState(async ({ app, run }) => {
      const first = await run()
      assert.deepEqual(
        Object.entries(first.outputs).map(([name, { state, rows, attempts, target }]) => [name, state, rows, attempts, target]),
        [['warehouse', 'written', 31, 1, 'PostgreSQL table scores']],
      )
      const seen = await current()
      assert.deepEqual([seen.run, seen.answers], [first.run, answersAt(0)])
      const [row] = await server.query("SELECT *, as_of::text FROM scores_current WHERE customer = 'c0'")
      assert.equal(row?.release, first.release)
      assert.equal(new Date(String(row?.as_of)).getTime() * 1000, AS_OF_US)
      const age = Date.now() / 1000 - AS_OF_US / 1e6
      assert.ok(Math.abs(Number(row?.age_seconds) - age) < 60, `${row?.age_seconds} s`)
      const before = await server.query('SELECT xmin::text, * FROM scores_runs')
      const again = await run()
      assert.deepEqual([again.unchanged, again.outputs], [true, first.outputs])
      // Also where only the database remembers.
      app.store().catalog.recordOutput(first.run, 'warehouse', { ...(first.outputs.warehouse as object), state: 'failed' } as never)
      assert.equal((await run()).outputs.warehouse?.state, 'written')
      assert.deepEqual(await server.query('SELECT xmin::text, * FROM scores_runs'), before)
    }))

  test('the next run takes its place, the earlier stays in the history, and a rollback only turns a pointer', () =>
    inNewState(async ({ app, run }) => {
      const first = await run({ asOfUs: AS_OF_US - HOUR_US })
      const second = await run()
      assert.deepEqual([(await current()).run, (await current()).answers], [second.run, answersAt(0)])
      const history = await server.query('SELECT run, count(*)::int AS rows FROM scores_history GROUP BY run')
      assert.deepEqual(
        new Map(history.map(({ run: id, rows }) => [id, rows])),
        new Map([
          [first.run, 31],
          [second.run, 31],
        ]),
      )
      const sizes = await server.query("SELECT relfilenode FROM pg_class WHERE relname LIKE 'scores__r%' ORDER BY relname")
      const { outputs } = await rollbackRun(await app.place(), 'spend', { who: 'ann' })
      assert.equal(outputs.warehouse?.state, 'written')
      assert.deepEqual([(await current()).run, (await current()).answers], [first.run, answersAt(1)])
      assert.deepEqual(await server.query("SELECT relfilenode FROM pg_class WHERE relname LIKE 'scores__r%' ORDER BY relname"), sizes)
      await publishRun(await app.place(), second.run)
      assert.equal((await current()).run, second.run)
      const { record } = await inspectRun({ store: app.store(), runs: app.runs }, second.run)
      assert.deepEqual([record.outputs?.warehouse?.state, record.outputs?.warehouse?.sequence], ['written', 4])
    }))

  test('earlier runs go when they were kept long enough; a rollback to one that is gone writes it again', async () => {
    const short = join(folder, 'short.ts')
    writeFileSync(short, withOutput(TABLE.replace("'scores' }", "'scores', keep: '1ms' }")))
    await inShop(
      short,
      async ({ app, run }) => {
        const first = await run({ asOfUs: AS_OF_US - 2 * HOUR_US })
        await run({ asOfUs: AS_OF_US - HOUR_US })
        const third = await run()
        await new Promise(resolve => setTimeout(resolve, 20))
        await rollbackRun(await app.place(), 'spend')
        await rollbackRun(await app.place(), 'spend')
        assert.deepEqual([(await current()).run, (await current()).answers], [first.run, answersAt(2)])
        assert.ok((await partitions()) <= 2, 'what was kept long enough is gone')
        assert.notEqual(third.run, first.run)
      },
      { state: join(folder, 'short') },
    )
  })

  test('a table that is not ours, or has other columns, is refused, and left alone; the run is served all the same', () =>
    inNewState(async ({ app, run }) => {
      await server.query("CREATE TABLE scores (customer text, value float8); INSERT INTO scores VALUES ('c0', 1)")
      const { outputs, state, run: id } = await run()
      assert.deepEqual([state, outputs.warehouse?.state, outputs.warehouse?.attempts], ['published', 'failed', 1])
      assert.match(
        String(outputs.warehouse?.message),
        /^output_mismatch: .*customer text, value double precision; expected run_number integer/,
      )
      assert.deepEqual(await server.query('SELECT * FROM scores'), [{ customer: 'c0', value: 1 }])
      assert.equal(app.store().catalog.pointer('spend')?.run, id)
      assert.match(String(outputs.warehouse?.fix), /^Give the output another name/)
      await server.query('DROP TABLE scores')
      assert.equal((await run()).outputs.warehouse?.state, 'written')
      assert.deepEqual((await current()).answers, answersAt(0))
    }))

  test("a run that cannot be written leaves yesterday's rows; a server that comes back is tried again", () =>
    inNewState(async ({ run }) => {
      const first = await run({ asOfUs: AS_OF_US - HOUR_US })
      await server.query(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full' USING ERRCODE = '53100'; END $$",
      )
      await server.query('CREATE TRIGGER refuse BEFORE UPDATE ON scores_runs FOR EACH STATEMENT EXECUTE FUNCTION refuse()')
      const second = await run()
      assert.match(String(second.outputs.warehouse?.message), /^disk full \(53100\)$/)
      assert.deepEqual([(await current()).run, (await current()).answers], [first.run, answersAt(1)])
      assert.deepEqual(await server.query('SELECT DISTINCT run FROM scores_history'), [{ run: first.run }])
      await server.query('DROP TRIGGER refuse ON scores_runs')
      await server.down()
      // Somebody is there in its place, and leaves with the first who calls.
      const other = createServer(client => client.destroy()).listen(server.port, '127.0.0.1')
      await once(other, 'listening')
      const called = once(other, 'connection').then(() => other.close())
      const [again] = await Promise.all([run(), called.then(() => server.up())])
      assert.equal(again.outputs.warehouse?.state, 'written', again.outputs.warehouse?.message)
      assert.ok((again.outputs.warehouse?.attempts ?? 0) > 1)
      assert.deepEqual([(await current()).run, (await current()).answers], [second.run, answersAt(0)])
    }))

  test('a run that was overtaken is not written over the one that is served', () =>
    inNewState(async ({ app, run }) => {
      const first = await run({ asOfUs: AS_OF_US - HOUR_US })
      const held = await server.holding('SELECT pg_advisory_xact_lock(hashtextextended(\'prescore "scores"\', 0))')
      const overtaken = run()
      await until(() => app.store().catalog.pointer('spend')?.run !== first.run)
      app.store().catalog.rollback('spend')
      await held.release()
      assert.equal((await overtaken).outputs.warehouse?.state, 'superseded')
      assert.equal((await current()).run, first.run)
    }))

  test('texts and numbers arrive as they are', async () => {
    const config = `import { defineProject, entity, env, onnx, postgresTable, prediction, table } from 'prescore'
const items = table({ files: 'items.parquet', columns: { item: 'string', Number: 'int64', rate: 'float64', note: 'string' } })
export default defineProject({ sources: { items }, predictions: { spend: prediction({
  entity: entity({ item: 'string', Number: 'int64' }), inputs: { rate: 'float64', note: 'string' },
  features: s => ({ a: s.inputs.rate, b: s.inputs.rate, c: s.inputs.rate, d: s.inputs.rate }),
  model: onnx('model.onnx', { output: 'values' }), population: items.keys(entity({ item: 'string', Number: 'int64' })), policy: { mode: 'batch' },
  outputs: { warehouse: ${TABLE} } }) } })`
    const other = await makeShop({ config })
    const texts = ['tab\\t', 'a\tb', 'line\nfeed\r', '\\N', 'ünï "quoted" \'x\'', '{},;', '']
    const rows = texts.map(
      (text, i) =>
        `(${`'${text.replaceAll("'", "''")}'`}, ${9007199254740993n + BigInt(i)}::BIGINT, ${i === 6 ? 'NULL' : i / 4}::DOUBLE, ${i === 5 ? 'NULL' : `'${text.replaceAll("'", "''")}'`})`,
    )
    await writeRows(join(other, 'items.parquet'), `SELECT * FROM (VALUES ${rows.join(', ')}) AS v(item, "Number", rate, note)`)
    try {
      await inShop(other, async ({ run }) => {
        const { outputs } = await run()
        assert.equal(outputs.warehouse?.state, 'written', outputs.warehouse?.message)
        const found = await server.query('SELECT item, "Number"::text, value, inputs FROM scores_current')
        const byText = new Map(found.map(row => [row.item, row]))
        texts.forEach((text, i) => {
          const row = byText.get(text)
          const rate = i === 6 ? null : i / 4
          const sum = (rate ?? -1) * (1 + 1e3 + 1e6 + 1e9)
          assert.deepEqual(
            [row?.Number, row?.value, row?.inputs],
            [String(9007199254740993n + BigInt(i)), [sum, 2 * sum], { note: i === 5 ? null : text, rate }],
            JSON.stringify(text),
          )
        })
      })
    } finally {
      removeShop(other)
    }
  })

  test('without the URL nothing is computed', async () => {
    const config = join(folder, 'unset.ts')
    writeFileSync(config, withOutput(TABLE.replace('PRESCORE_TEST_DATABASE', 'PRESCORE_TEST_UNSET')))
    await inShop(
      config,
      async ({ app, run }) => {
        await assert.rejects(run(), refused('output_failed', /PRESCORE_TEST_UNSET/))
        assert.equal(existsSync(app.runs), false)
        assert.equal((await run({ publish: 'never' })).state, 'staged')
      },
      { state: join(folder, 'unset') },
    )
  })

  test('killed with −9 in the middle, again and again: readers see one whole run, and the repeated command finishes', async () => {
    const customers = Array.from({ length: 3_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
    const big = await makeShop({ config: withOutput(TABLE), customers })
    const expected = expectedAnswers(shopOrders(), customers)
    const command = (asOf: string) => start(['run', 'spend', '--as-of', asOf, '--json', '--project', big])
    try {
      const { code, stdout } = await command('2026-03-10T11:00:00Z').ended
      assert.equal(code, 0)
      const yesterday = JSON.parse(stdout) as RunOutcome
      // All but writing is done, so that each kill hits that; each hits another run, which has not been written yet.
      const moments = Array.from({ length: KILLS + 1 }, (_, i) => AS_OF_US - (KILLS - i) * 60_000_000)
      const runs = new Set([yesterday.run])
      await inShop(big, async ({ run }) => {
        for (const asOfUs of moments) runs.add((await run({ asOfUs, publish: 'never' })).run)
      })
      let polling = true
      const polled = (async () => {
        const seen = new Set<string>()
        while (polling) {
          const rows = await server.query('SELECT run, count(*)::int AS rows, max(value) AS most FROM scores_current GROUP BY run')
          assert.deepEqual([rows.length, rows[0]?.rows], [1, 3_000])
          seen.add(String(rows[0]?.run))
        }
        return seen
      })()
      let killed = 0
      for (let i = 0; i < KILLS; i++) {
        const { child, ended } = command(formatInstant(moments[i] as number))
        const isWriting = async () => (await server.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'prescore'")).length > 0
        while (child.exitCode === null && !(await isWriting())) await new Promise(resolve => setTimeout(resolve, 1))
        await new Promise(resolve => setTimeout(resolve, (i * 7) % 30))
        child.kill('SIGKILL')
        killed += (await ended).code === null ? 1 : 0
      }
      const last = await command(AS_OF).ended
      assert.equal(last.code, 0, last.stderr)
      const today = JSON.parse(last.stdout) as RunOutcome
      polling = false
      const seen = await polled
      for (const run of seen) assert.ok(runs.has(run))
      assert.ok(killed > KILLS / 5, `${killed} of ${KILLS} were killed before they ended`)
      assert.deepEqual([(await current()).run, (await current()).answers], [today.run, new Map([...expected].sort())])
      const [kept] = await server.query('SELECT count(*)::int AS runs FROM scores_runs')
      const tables = await server.query("SELECT relname FROM pg_class WHERE relname LIKE 'scores\\_\\_r%' AND relkind = 'r'")
      assert.deepEqual([await partitions(), tables.length], [kept?.runs, kept?.runs], 'no table is left over')
    } finally {
      removeShop(big)
    }
  })
})

/** The example as its reader would run it: two nights, over a real database, and back. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { PostgresServer, postgresMissing } from '../../../packages/prescore/test/postgres-server.ts'
import { generate } from '../generate.ts'
import { prepare } from '../prepare.ts'

const folder = join(import.meta.dirname, '..')
const CLI = join(folder, '../../packages/prescore/src/cli/main.ts')
const NIGHTS = ['2025-12-01T03:00:00Z', '2025-12-02T03:00:00Z'] as const
let state: string

before(async () => {
  await prepare()
  state = mkdtempSync(join(tmpdir(), 'prescore-churn-'))
})
after(() => rmSync(state, { recursive: true, force: true }))

interface Outcome {
  readonly run: string
  readonly state: string
  readonly report: {
    readonly ok: number
    readonly rows: number
    readonly gates: readonly { readonly gate: string; readonly passed: boolean }[]
  }
  readonly outputs: { readonly warehouse: { readonly state: string; readonly rows: number; readonly message?: string } }
}

/** A command in the example's folder, with or without a database. */
async function prescore<T>(args: readonly string[], database: string | undefined): Promise<T> {
  const { DATABASE_URL: _, ...env } = process.env
  const child = spawn(process.execPath, [CLI, ...args, '--json', '--state', join(state, database === undefined ? 'file' : 'table')], {
    cwd: folder,
    env: database === undefined ? env : { ...env, DATABASE_URL: database },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', text => (stdout += text))
  child.stderr.on('data', text => (stderr += text))
  const [code] = await once(child, 'close')
  assert.equal(code, 0, stderr + stdout)
  return JSON.parse(stdout) as T
}

test('the shop is the same each time, and as large as the pages say', async () => {
  const counts = await prepare()
  assert.deepEqual(counts, { customers: 3_000, orders: 31_420, tickets: 3_972, mondays: 89_932 })
  const { orders } = generate()
  assert.equal(orders.length, counts.orders)
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  assert.match(readme, /3,000 customers, 31,420 orders and 3,972 calls/)
})

test('without a database, a file: nothing is wrong with the project, and every customer has a score', async () => {
  const { ok } = await prescore<{ ok: boolean }>(['check'], undefined)
  assert.equal(ok, true)
  const night = await prescore<Outcome>(['run', 'churn', '--as-of', NIGHTS[0]], undefined)
  assert.deepEqual(
    [night.state, night.outputs.warehouse.state, night.report.gates.every(({ passed }) => passed)],
    ['published', 'written', true],
  )
  const { customers, orders } = generate()
  const [nightUs, dayUs] = [Date.parse(NIGHTS[0]) * 1000, 86_400_000_000]
  const active = new Set(orders.filter(({ atUs }) => atUs < nightUs && atUs >= nightUs - 90 * dayUs).map(({ customer }) => customer))
  assert.ok(active.size > 1_000 && active.size < customers.length)
  assert.deepEqual([night.report.rows, night.report.ok], [active.size, active.size])
  assert.ok(existsSync(join(folder, 'data/churn_scores.parquet')))
})

describe('with a database', { skip: postgresMissing() ?? false }, () => {
  let server: PostgresServer
  before(async () => {
    server = await PostgresServer.start()
  })
  after(() => server?.remove())

  test('the table is what is served, night after night and after a rollback', async () => {
    const nights: Outcome[] = []
    for (const asOf of NIGHTS) nights.push(await prescore<Outcome>(['run', 'churn', '--as-of', asOf], server.url))
    const [first, second] = nights as [Outcome, Outcome]
    for (const { outputs, report } of nights) assert.deepEqual([outputs.warehouse.state, outputs.warehouse.rows], ['written', report.ok])
    const rows = await server.query('SELECT customer::text, value, run FROM churn_scores_current ORDER BY customer LIMIT 2')
    for (const { customer, value, run } of rows) {
      const answer = await prescore<{ value: number; run: string }>(['get', 'churn', String(customer), '--now', NIGHTS[1]], server.url)
      assert.deepEqual([answer.value, answer.run], [value, run])
      assert.equal(run, second.run)
    }
    await prescore(['rollback', 'churn', '--reason', 'a test'], server.url)
    const [after] = await server.query('SELECT DISTINCT run, count(*) OVER ()::int AS runs FROM churn_scores_current GROUP BY run')
    assert.deepEqual([after?.run, after?.runs], [first.run, 1])
    const [kept] = await server.query('SELECT count(DISTINCT run)::int AS runs FROM churn_scores_history')
    assert.equal(kept?.runs, 2)
  })
})

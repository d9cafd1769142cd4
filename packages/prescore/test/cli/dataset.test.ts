/** `prescore dataset` from outside: what it writes and tells, and that nothing half-written is ever there, however it ends. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { prepare } from '../../../../examples/flights/prepare.ts'
import { Database, literal } from '../../src/parquet/index.ts'
import { prescore, start, until } from './process.ts'

const example = join(import.meta.dirname, '../../../../examples/flights')
const DAYS = ['--from', '2001-05-01T00:00:00-04:00', '--until', '2001-05-04T00:00:00-04:00']

let folder: string
let state: string
before(async () => {
  await prepare()
  folder = mkdtempSync(join(tmpdir(), 'prescore-dataset-'))
  state = join(folder, 'state')
})
after(() => rmSync(folder, { recursive: true, force: true }))

/** A folder with nothing in it but what a command writes. */
function room(name: string): string {
  mkdirSync(join(folder, name))
  return join(folder, name)
}

const args = (out: string, ...more: readonly string[]) => [
  ...['dataset', 'late', '--project', example, '--state', state, '--threads', '2', '--out', out],
  ...more,
]

interface Event {
  readonly event: string
  readonly stage: string
  readonly done: number
  readonly total: number
}

const eventsOf = (stderr: string) => stderr.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as Event] : []))

test('a backtest: the values of the release beside features and label, its stages told on the way', async () => {
  const out = join(room('backtest'), 'late.parquet')
  const { code, stdout, stderr } = await prescore(args(out, ...DAYS, '--score', '--json'))
  assert.equal(code, 0, stderr)
  const report = JSON.parse(stdout) as { rows: number; release: string; rejected: object }
  assert.match(report.release, /^[0-9a-f]{64}$/)
  assert.deepEqual(report.rejected, {})
  const events = eventsOf(stderr)
  assert.deepEqual([...new Set(events.map(({ stage }) => stage))], ['rows', 'features', 'writing'])
  const last = events.findLast(({ stage }) => stage === 'writing')
  assert.deepEqual([last?.event, last?.done], ['rows', last?.total])
  const rows = await ask(`SELECT count(*) AS n, min(value) AS least, max(value) AS most, count(rejected) AS rejected FROM ${literal(out)}`)
  const { n, least, most, rejected } = rows[0] as Record<string, number>
  assert.deepEqual([Number(n), Number(rejected)], [report.rows, 0])
  assert.ok((least as number) > 0 && (most as number) < 1 && (most as number) > (least as number))
})

test('a name of another format is refused: what is written is Parquet', async () => {
  for (const name of ['late.csv', 'late', 'late.parquet.gz']) {
    const { code, stderr } = await prescore(args(join(folder, name), ...DAYS))
    assert.equal(code, 2, name)
    assert.match(stderr, /wrong_use.*--out.*\.parquet/)
  }
})

test('ended by a signal: exit code 75, and no trace; killed: what is left is removed by the next that succeeds', async () => {
  const place = room('ended')
  const out = join(place, 'late.parquet')
  for (const signal of ['SIGINT', 'SIGKILL'] as const) {
    const { child, ended } = start(args(out))
    await until(() => readdirSync(place).some(name => name.startsWith('late.parquet.')) || child.exitCode !== null)
    child.kill(signal)
    const { code, stderr } = await ended
    assert.equal(code, signal === 'SIGINT' ? 75 : null, stderr)
    assert.deepEqual(
      readdirSync(place).filter(name => !/^late\.parquet\.\d+-[0-9a-f-]{36}\.tmp$/.test(name)),
      [],
    )
    if (signal === 'SIGINT') assert.deepEqual(readdirSync(place), [])
  }
  assert.equal(readdirSync(place).length, 1)
  const { code, stderr } = await prescore(args(out, ...DAYS))
  assert.equal(code, 0, stderr)
  assert.deepEqual(readdirSync(place), ['late.parquet'])
  assert.equal(readFileSync(out).subarray(0, 4).toString(), 'PAR1')
})

async function ask(sql: string): Promise<Record<string, unknown>[]> {
  const database = await Database.open({ threads: 1 })
  try {
    return await database.query(sql, 'the set')
  } finally {
    database.close()
  }
}

/** `prescore schedule`, and `serve --schedule`, as processes: what is due is run, kept, and gone on with. */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONFIG, changed, makeShop, removeShop } from '../batch/shop.ts'
import { prescore, start, until } from './process.ts'

const SCHEDULED = changed(CONFIG, `mode: 'batch', maxAge: '24h'`, `mode: 'batch', maxAge: '24h', schedule: '0 13 * * *'`)
/** 13:00 in Paris is 12:00 in UTC. */
const BEFORE = '2026-03-10T11:59:59.900Z'

async function shop(t: TestContext, config = SCHEDULED): Promise<string> {
  const folder = await makeShop({ config })
  t.after(() => removeShop(folder))
  return folder
}

const runsOf = async (folder: string) => {
  const { stdout } = await prescore(['runs', '--json'], { cwd: folder })
  return (JSON.parse(stdout) as { runs: { asOf: string; state: string }[] }).runs.map(({ asOf, state }) => [asOf, state])
}

test('runs what is due as of its due time, prunes, and ends with 0; a second start does nothing anew', async t => {
  const folder = await shop(t)
  const first = start(['schedule', '--now', BEFORE, '--json', '--keep', '1', '--older-than', '1h'], { cwd: folder })
  t.after(() => first.child.kill('SIGKILL'))
  await until(() => first.printed.stderr.includes('"ended"') || first.child.exitCode !== null)
  first.child.kill('SIGTERM')
  const { code, stderr } = await first.ended
  assert.equal(code, 0, stderr)
  const events = stderr
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    events.map(({ event, asOf, isLate, outcome }) => [event, asOf, isLate ?? outcome]),
    [
      ['started', '2026-03-10T12:00:00.000000Z', false],
      ['ended', '2026-03-10T12:00:00.000000Z', 'done'],
    ],
  )
  assert.deepEqual(await runsOf(folder), [['2026-03-10T12:00:00.000000Z', 'published']])

  const list = await prescore(['schedule', '--list', '--now', '2026-03-10T12:00:10Z', '--json'], { cwd: folder })
  const [listed] = (JSON.parse(list.stdout) as { schedules: Record<string, unknown>[] }).schedules
  assert.deepEqual(listed, {
    prediction: 'spend',
    cron: '0 13 * * *',
    zone: 'Europe/Paris',
    catchUp: 'last',
    delaySeconds: 0,
    next: ['2026-03-11T12:00:00.000000Z', '2026-03-12T12:00:00.000000Z', '2026-03-13T12:00:00.000000Z'],
    handled: '2026-03-10T12:00:00.000000Z',
  })
  const status = await prescore(['status', '--now', '2026-03-10T12:30:00Z'], { cwd: folder })
  assert.match(status.stdout, /spend +2026-03-11T12:00:00Z +done +2026-03-10T12:00:00Z +0\n/)
  const second = start(['schedule', '--now', '2026-03-10T12:00:30Z', '--json'], { cwd: folder })
  t.after(() => second.child.kill('SIGKILL'))
  await until(() => second.printed.stderr.includes('spend: next') || second.child.exitCode !== null)
  await sleep(600)
  second.child.kill('SIGINT')
  const again = await second.ended
  assert.deepEqual([again.code, again.stderr.includes('"started"')], [0, false])
})

test('cut off in a run: 75, and the next start goes on with it', async t => {
  const unending = 'SELECT a.range FROM range(2000000000) a, range(2000000000) b WHERE (a.range * b.range) % 7 = 9'
  const folder = await shop(t, changed(SCHEDULED, 'gates: { coverage: 0.9 }', `gates: { sql: { unending: '${unending}' } }`))
  const first = start(['schedule', '--now', BEFORE], { cwd: folder })
  t.after(() => first.child.kill('SIGKILL'))
  await until(() => first.printed.stderr.includes('started') || first.child.exitCode !== null)
  first.child.kill('SIGTERM')
  const { code, stderr } = await first.ended
  assert.equal(code, 75, stderr)
  assert.match(readFileSync(join(folder, '.prescore/schedule/spend.json'), 'utf8'), /"startedUs"/)
  writeFileSync(join(folder, 'prescore.config.ts'), SCHEDULED)
  const second = start(['schedule', '--now', '2026-03-10T13:00:00Z'], { cwd: folder })
  t.after(() => second.child.kill('SIGKILL'))
  await until(() => second.printed.stderr.includes(': done') || second.child.exitCode !== null)
  second.child.kill('SIGTERM')
  assert.equal((await second.ended).code, 0, second.printed.stderr)
  assert.deepEqual(await runsOf(folder), [['2026-03-10T12:00:00.000000Z', 'published']])
})

test('inside of a server, on its clock: moved on, what is due then is run, and served', async t => {
  const folder = await shop(t)
  const server = start(['serve', '--port', '0', '--schedule', '--now', '2026-03-10T11:00:00Z', '--log-level', 'info'], { cwd: folder })
  t.after(() => server.child.kill('SIGKILL'))
  await until(() => server.printed.stdout.includes('\n') || server.child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0]
  await sleep(500)
  const moved = await fetch(`${url}/api/clock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"now":"2026-03-10T12:00:01Z"}',
  })
  assert.equal(moved.status, 200)
  await until(() => server.printed.stderr.includes('"ended"') || server.child.exitCode !== null)
  const answer = (await (await fetch(`${url}/api/predictions/spend/answers/c0`)).json()) as { asOf: string }
  assert.equal(answer.asOf, '2026-03-10T12:00:00.000000Z')
  const [metrics, status] = await Promise.all(['/metrics', '/api/status'].map(async path => (await fetch(`${url}${path}`)).text()))
  assert.match(metrics ?? '', /prescore_scheduled_runs_total\{prediction="spend",outcome="done"\} 1\n/)
  assert.match(status ?? '', /"last":\{"due":"2026-03-10T12:00:00.000000Z","outcome":"done"/)
  server.child.kill('SIGTERM')
  assert.equal((await server.ended).code, 0, server.printed.stderr)
})

test('a second scheduler waits, says who is at work, and takes over when that one is killed', async t => {
  const folder = await shop(t)
  const first = start(['schedule', '--now', '2026-03-10T11:00:00Z'], { cwd: folder })
  t.after(() => first.child.kill('SIGKILL'))
  await until(() => existsSync(join(folder, '.prescore/schedule/.lease/1.json')) || first.child.exitCode !== null)
  const second = start(['schedule', '--now', BEFORE, '--json'], { cwd: folder })
  t.after(() => second.child.kill('SIGKILL'))
  await until(() => second.printed.stderr.includes('"waiting"') || second.child.exitCode !== null)
  const [waiting] = second.printed.stderr.split('\n').filter(line => line.startsWith('{'))
  const { holder } = JSON.parse(waiting as string) as { holder: { pid: number; host: string; since: string } }
  assert.deepEqual([holder.pid, holder.host, /^2.*Z$/.test(holder.since)], [first.child.pid, hostname(), true])
  const third = start(['schedule', '--now', BEFORE], { cwd: folder })
  t.after(() => third.child.kill('SIGKILL'))
  await until(() => third.printed.stderr.includes('waiting') || third.child.exitCode !== null)
  assert.match(third.printed.stderr, new RegExp(`waiting: process ${first.child.pid} on .* runs the schedules of this folder`))
  third.child.kill('SIGTERM')
  assert.equal((await third.ended).code, 0)
  await sleep(500)
  assert.equal(second.printed.stderr.includes('"started"'), false)
  first.child.kill('SIGKILL')
  await until(() => second.printed.stderr.includes('"ended"') || second.child.exitCode !== null)
  assert.match(second.printed.stderr, /"took_over"[\s\S]*"started"[\s\S]*"outcome":"done"/)
  second.child.kill('SIGTERM')
  assert.equal((await second.ended).code, 0, second.printed.stderr)
  assert.deepEqual(await runsOf(folder), [['2026-03-10T12:00:00.000000Z', 'published']])
})

test('what keeps old events in a log is told, once', async t => {
  const folder = await shop(t, changed(SCHEDULED, `  id: 'id',\n`, ''))
  const event = { id: 5001, placed: '2026-03-01T11:00:00Z', customer: 'c1', amount: 1, note: 'a' }
  writeFileSync(join(folder, 'events.json'), JSON.stringify([event]))
  const appended = await prescore(['events', 'append', 'orders', 'events.json', '--now', BEFORE], { cwd: folder })
  assert.equal(appended.code, 0, appended.stderr + appended.stdout)
  const retention = ['--keep', '1', '--older-than', '1h', '--events-older-than', '1d']
  const { child, printed, ended } = start(['schedule', '--now', BEFORE, '--json', ...retention], { cwd: folder })
  t.after(() => child.kill('SIGKILL'))
  await until(() => printed.stderr.includes('"kept"') || child.exitCode !== null)
  child.kill('SIGTERM')
  assert.equal((await ended).code, 0, printed.stderr)
  const kept = printed.stderr.split('\n').filter(line => line.includes('"kept"'))
  assert.equal(kept.length, 1, printed.stderr)
  const { source, why } = JSON.parse(kept[0] as string) as { source: string; why: string }
  assert.equal(source, 'orders')
  assert.match(why, /no `id`.*prescore events drop orders/)
})

test('an output that must be mended first is told with what to do, and the run is not tried again', async t => {
  const config = changed(
    SCHEDULED,
    'gates: { coverage: 0.9 }',
    `gates: { coverage: 0.9 }, outputs: { report: file({ path: 'out/report.csv' }) }`,
  )
  const folder = await shop(t, changed(config, 'events, fn,', 'events, file, fn,'))
  writeFileSync(join(folder, 'out'), 'a file in the place of the folder')
  const { child, printed, ended } = start(['schedule', '--now', BEFORE, '--json'], { cwd: folder })
  t.after(() => child.kill('SIGKILL'))
  await until(() => printed.stderr.includes('"ended"') || child.exitCode !== null)
  child.kill('SIGTERM')
  assert.equal((await ended).code, 0, printed.stderr)
  const line = printed.stderr.split('\n').find(each => each.includes('"ended"')) as string
  const { outcome, failure } = JSON.parse(line) as { outcome: string; failure: { code: string; message: string } }
  assert.deepEqual([outcome, failure.code], ['failed', 'output_failed'])
  assert.match(failure.message, /outputs\.report; found out\/report\.csv: file_unwritable: /)
})

test('a folder that cannot be written: it ends, and says why', async t => {
  const folder = await shop(t)
  mkdirSync(join(folder, '.prescore'))
  writeFileSync(join(folder, '.prescore/schedule'), 'a file in the place of the folder')
  const { code, stderr } = await prescore(['schedule'], { cwd: folder })
  assert.equal(code, 1, stderr)
  assert.match(stderr, /file_unwritable: .*\.prescore\/schedule/)
})

test('no schedule, and one that is none', async t => {
  const folder = await shop(t, CONFIG)
  const none = await prescore(['schedule'], { cwd: folder })
  assert.deepEqual([none.code, none.stderr.includes('no schedule')], [1, true])
  writeFileSync(join(folder, 'prescore.config.ts'), changed(SCHEDULED, `'0 13 * * *'`, `'0 25 * * *'`))
  const wrong = await prescore(['check'], { cwd: folder })
  assert.equal(wrong.code, 1)
  assert.match(wrong.stdout + wrong.stderr, /"25" as hour, which is from 0 to 23/)
  assert.equal((await prescore(['schedule', '--list'], { cwd: folder })).code, 1)
})

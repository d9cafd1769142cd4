/**
 * A day of real flights arrives at a server that is asked all the time, some of them hours late on purpose; the server is killed in
 * the middle of it. Then each answer is computed again: not one is wrong, and each late flight is named.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AuditReport, FeaturesExplained } from '../../../packages/prescore/src/audit/index.ts'
import { Database, literal } from '../../../packages/prescore/src/parquet/index.ts'
import { prescore, type Started, start, until } from '../../../packages/prescore/test/cli/process.ts'
import { prepare } from '../prepare.ts'

const PROJECT = join(import.meta.dirname, '..')
const MIDNIGHT_MS = Date.parse('2001-06-15T00:00:00-04:00')
const HOUR_MS = 3_600_000
const ROUNDS = 6
const ROUND_HOURS = 24 / ROUNDS
/** Between rounds the clock ticks on, while processes start on a machine that may be slow: nothing arrives in this time. */
const PAUSE_HOURS = 1 / 6
/** An answer is in the log of answers so long after it was given, at the latest. */
const WRITTEN_WITHIN_MS = 250
const at = (hour: number) => new Date(MIDNIGHT_MS + hour * HOUR_MS).toISOString()

interface Route {
  readonly origin: string
  readonly destination: string
}

interface LateFlight extends Route {
  readonly id: number
  readonly date: string
}

const skip = process.env.PRESCORE_FULL !== '1' && 'minutes long: npm run test:all'

test('a day of answers, computed again', { skip }, async t => {
  const { file } = await prepare()
  const state = await mkdtemp(join(tmpdir(), 'prescore-flights-audit-'))
  t.after(() => rm(state, { recursive: true, force: true }))
  const place = ['--project', PROJECT, '--state', state]
  const routes = await someRoutes(file)
  let server = await serve(place, -PAUSE_HOURS)
  t.after(() => server.started.child.kill('SIGKILL'))
  const late: LateFlight[] = []
  let asked = 0
  for (let round = 0; round < ROUNDS; round++) {
    const [from, to] = [round * ROUND_HOURS, (round + 1) * ROUND_HOURS - PAUSE_HOURS]
    const replaying = prescore(['replay', 'flights', '--from', at(from), '--to', at(to), '--url', server.url, ...place])
    let isOver = false
    void replaying.then(() => {
      isOver = true
    })
    while (!isOver) {
      await ask(server.url, routes[asked++ % routes.length] as Route, asked)
      await new Promise(done => setTimeout(done, 40))
    }
    const { code, stderr } = await replaying
    assert.equal(code, 0, stderr)
    // However fast the replay was, each airport is asked after its forgotten flight has left, and before it is known.
    for (const route of routes) await ask(server.url, route, asked++)
    await new Promise(done => setTimeout(done, 2 * WRITTEN_WITHIN_MS))
    late.push(...(await postLate(server.url, routes, to, late.length)))
    if (round !== 2) continue
    for (const route of routes.slice(0, 8)) await ask(server.url, route, asked++)
    server.started.child.kill('SIGKILL')
    await server.started.ended
    server = await serve(place, to)
  }
  server.started.child.kill('SIGTERM')
  assert.equal((await server.started.ended).code, 0)

  const ended = await prescore(['audit', 'late', '--json', ...place])
  const { predictions, unreadableLines } = JSON.parse(ended.stdout) as AuditReport
  const [audit] = predictions
  assert.ok(audit !== undefined, ended.stdout)
  assert.deepEqual([ended.code, unreadableLines, audit.defects, audit.notComparable], [0, 0, 0, []], JSON.stringify(audit.defective[0]))
  assert.deepEqual([audit.identical, audit.compared], [audit.answers, audit.answers])
  // What was given just before it was killed may not have been written.
  assert.ok(audit.answers > asked - 20 && audit.answers <= asked && asked > 200, `${audit.answers} of ${asked}`)
  assert.equal(audit.moreLateEvents, 0)
  const named = new Map(audit.lateEvents.map(event => [event.id, event]))
  for (const { id, date } of late) assert.equal(named.get(id)?.eventTime.slice(0, 19), date.slice(0, 19), `${id} is not named`)
  assert.ok(audit.changedByLateEvents > 0 && audit.changedByLateEvents <= audit.answers)

  const { id, date, origin, destination } = late[0] as LateFlight
  const asOf = new Date(Date.parse(date) + HOUR_MS).toISOString()
  const key = [`origin=${origin}`, `destination=${destination}`, 'hour=8']
  const explained = await prescore(['explain-features', 'late', ...key, '--as-of', asOf, '--json', ...place])
  const { joins } = JSON.parse(explained.stdout) as FeaturesExplained
  const flights = joins.flatMap(({ features }) => features.filter(({ name }) => name === 'airportFlights_3h'))
  assert.ok(
    flights[0]?.late.events.some(event => event.id === id),
    explained.stdout,
  )
})

/** Files end at midnight: what was known later arrives. */
async function serve(place: readonly string[], hour: number): Promise<{ started: Started; url: string }> {
  const started = start(['serve', '--port', '0', '--now', at(hour), '--until', at(0), ...place])
  await until(() => started.printed.stderr.includes('answering late live') || started.child.exitCode !== null)
  const url = /http:\/\/\S+:\d+/.exec(started.printed.stdout)?.[0]
  assert.ok(url !== undefined, started.printed.stderr)
  return { started, url }
}

/** From airports of middle size: every flight of theirs that is in the air is a late event of some answer, and all are to be listed. */
async function someRoutes(file: string): Promise<readonly Route[]> {
  const database = await Database.open({ threads: 1 })
  try {
    const rows = await database.query(
      `WITH airports AS (SELECT origin FROM ${literal(file)} GROUP BY origin ORDER BY count(*) DESC, origin LIMIT 4 OFFSET 60)
       SELECT origin, destination FROM ${literal(file)} SEMI JOIN airports USING (origin)
       GROUP BY origin, destination ORDER BY origin, count(*) DESC, destination`,
      'routes',
    )
    return [...Map.groupBy(rows as unknown as Route[], ({ origin }) => origin).values()].flatMap(each => each.slice(0, 4))
  } finally {
    database.close()
  }
}

async function ask(url: string, { origin, destination }: Route, number: number): Promise<void> {
  const query = `origin=${origin}&destination=${destination}&hour=${number % 24}&prefer=live&deadlineMs=60000`
  const response = await fetch(`${url}/api/predictions/late/answers?${query}`)
  const { source, degraded } = (await response.json()) as { source: string; degraded: boolean }
  assert.deepEqual([source, degraded], ['live', false])
}

/** Flights of each airport that left two hours before, and were forgotten. */
async function postLate(url: string, routes: readonly Route[], hour: number, posted: number): Promise<LateFlight[]> {
  const first = [...new Map(routes.map(route => [route.origin, route])).values()]
  const flights = first.map((route, i): LateFlight => ({ ...route, id: 90_000_000 + posted + i, date: at(hour - 2) }))
  const body = JSON.stringify(flights.map(flight => ({ ...flight, delay: 45, distance: 300 })))
  const response = await fetch(`${url}/api/sources/flights/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  assert.equal(((await response.json()) as { accepted: number }).accepted, flights.length)
  return flights
}

/** A run of another release is published while a server answers: live answers follow, without an error and without a mixed answer. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { App } from '../../src/app.ts'
import { answerObject } from '../../src/resolve/index.ts'
import { AS_OF, AS_OF_US, changed, expectedAnswers, putModel, shopOrders, writeOrders } from '../batch/shop.ts'
import { prescore, type Started, start } from '../cli/process.ts'
import { StandingClock } from '../log/place.ts'
import { HYBRID, shopFor } from './house.ts'

const CUSTOMERS = ['c0', 'c1', 'c2', 'c4', 'never']
const OTHER_WINDOW = changed(HYBRID, `total: f.sum('net', { over: '7d' })`, `total: f.sum('net', { over: '3d' })`)

interface Seen {
  readonly status: number
  readonly body: {
    readonly source?: string
    readonly degraded?: boolean
    readonly release: string
    readonly value: number
    readonly code?: string
  }
  readonly customer: string
}

interface Serving extends Started {
  readonly url: string
  live(): Promise<{ ready: boolean; release: string; next: { release: string; reason: { code: string } | null } | null }>
  /** Waits until live answers have another release than this one. */
  switchedFrom(release: string): Promise<string>
}

async function serving(t: TestContext, folder: string): Promise<Serving> {
  const started = start(['serve', '--port', '0', '--threads', '1', '--now', AS_OF, '--until', AS_OF], { cwd: folder })
  t.after(() => started.child.kill('SIGKILL'))
  while (!started.printed.stderr.includes('answering spend live') && started.child.exitCode === null) await sleep(5)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(started.printed.stdout)?.[0]
  assert.ok(url !== undefined, started.printed.stderr)
  const live: Serving['live'] = async () => {
    const { predictions } = (await (await fetch(`${url}/api/predictions`)).json()) as { predictions: { live: never }[] }
    return predictions[0]?.live as never
  }
  const switchedFrom: Serving['switchedFrom'] = async release => {
    for (;;) {
      const now = await live()
      if (now.ready && now.release !== release) return now.release
      await sleep(20)
    }
  }
  return { ...started, url, live, switchedFrom }
}

/** Asks without pause, some requests at once, until it is stopped; gives all that was answered. */
function load(url: string): () => Promise<readonly Seen[]> {
  const seen: Seen[] = []
  let isStopped = false
  const ask = async (from: number) => {
    for (let i = from; !isStopped; i++) {
      const customer = CUSTOMERS[i % CUSTOMERS.length] as string
      const response = await fetch(`${url}/api/predictions/spend/answers/${customer}?prefer=live&asOf=${AS_OF}`)
      seen.push({ status: response.status, body: (await response.json()) as Seen['body'], customer })
    }
  }
  const asking = [0, 1, 2].map(ask)
  return async () => {
    isStopped = true
    await Promise.all(asking)
    return seen
  }
}

async function run(folder: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await prescore(['run', 'spend', '--json', ...args], { cwd: folder })
  assert.equal(code, 0, stderr)
  return (JSON.parse(stdout) as { release: string }).release
}

/** What the published release answers, read from history by another process's means. */
async function scanned(folder: string): Promise<ReadonlyMap<string, number>> {
  const app = await App.open({ project: folder, clock: new StandingClock(AS_OF_US), threads: 1 })
  try {
    const answers = new Map<string, number>()
    for (const customer of CUSTOMERS) {
      const { value, source } = answerObject(await app.scanningResolver('spend').answer({ customer }, { prefer: 'live', asOfUs: AS_OF_US }))
      assert.equal(source, 'live')
      answers.set(customer, value as number)
    }
    return answers
  } finally {
    await app.close()
  }
}

function assertAnswered(seen: readonly Seen[], expected: Readonly<Record<string, ReadonlyMap<string, number>>>): void {
  for (const { status, body, customer } of seen) {
    assert.deepEqual([status, body.source, body.degraded], [200, 'live', false], JSON.stringify(body))
    assert.equal(body.value, expected[body.release]?.get(customer), `${customer} of release ${body.release}`)
  }
  assert.deepEqual(new Set(seen.map(({ body }) => body.release)), new Set(Object.keys(expected)))
}

test('under load: another model, another window, other files, and back again; each answer is whole, and of its own release', async t => {
  const folder = await shopFor(t)
  const first = await run(folder, '--as-of', AS_OF)
  const server = await serving(t, folder)
  assert.equal((await server.live()).release, first)
  const stop = load(server.url)

  putModel(folder, 'weighted_other')
  writeFileSync(join(folder, 'prescore.config.ts'), OTHER_WINDOW)
  const second = await run(folder, '--as-of', '2026-03-10T12:01:00Z')
  assert.equal(await server.switchedFrom(first), second)
  const ofSecond = await scanned(folder)

  // The files have changed since the start: what the next release reads is filled from what they are now.
  await writeOrders(folder, [...shopOrders(), { id: 9000, customer: 'never', atUs: AS_OF_US - 3_600_000_000, amount: 64 }])
  writeFileSync(
    join(folder, 'prescore.config.ts'),
    changed(HYBRID, `largest: f.max('amount', { over: '7d' })`, `largest: f.max('amount', { over: '2d' })`),
  )
  const third = await run(folder, '--as-of', '2026-03-10T12:02:00Z')
  assert.equal(await server.switchedFrom(second), third)
  const ofThird = await scanned(folder)

  for (const [from, to] of [
    [third, second],
    [second, first],
  ] as const) {
    assert.equal((await prescore(['rollback', 'spend'], { cwd: folder })).code, 0)
    assert.equal(await server.switchedFrom(from), to)
  }
  const seen = await stop()
  // What was rolled back to reads the files as they are.
  const late = new Set([expectedAnswers().get('never'), ofThird.get('never')])
  assert.equal(late.size, 2)
  const atFirst = seen.slice(
    0,
    seen.findIndex(({ body }) => body.release === third),
  )
  assertAnswered(atFirst, { [first]: expectedAnswers(), [second]: ofSecond })
  for (const { body } of seen.filter(({ body, customer }) => customer === 'never' && body.release === third))
    assert.equal(body.value, ofThird.get('never'))
  assertAnswered(
    seen.slice(atFirst.length).filter(({ customer }) => customer !== 'never'),
    { [first]: expectedAnswers(), [second]: ofSecond, [third]: ofThird },
  )
  for (const { status, body } of seen) assert.deepEqual([status, body.source, body.degraded], [200, 'live', false])

  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /prescore_live_switches_total\{prediction="spend"\} 4/)
  assert.match(server.printed.stderr, new RegExp(`answering spend live with release ${second.slice(0, 12)}`))
  server.child.kill('SIGTERM')
  const { code, stderr } = await server.ended
  assert.equal(code, 0, stderr)
})

test('a release that the served project cannot answer with, and one that is damaged: the one before goes on, and says why', async t => {
  const folder = await shopFor(t)
  const first = await run(folder, '--as-of', AS_OF)
  const server = await serving(t, folder)
  const failing = async () => {
    for (;;) {
      const { ready, release, next } = await server.live()
      assert.deepEqual([ready, release], [true, first])
      if (next?.reason != null) return { release: next.release, code: next.reason.code }
      await sleep(20)
    }
  }
  writeFileSync(join(folder, 'prescore.config.ts'), changed(HYBRID, 'amount / 2', 'amount / 4'))
  const second = await run(folder, '--as-of', '2026-03-10T12:01:00Z')
  assert.deepEqual(await failing(), { release: second, code: 'release_differs' })
  const answer = (await (await fetch(`${server.url}/api/predictions/spend/answers/c0?prefer=live&asOf=${AS_OF}`)).json()) as Seen['body']
  assert.deepEqual([answer.release, answer.value, answer.degraded], [first, expectedAnswers().get('c0'), false])
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  assert.match(metrics, /prescore_live_release_pending\{prediction="spend",reason="release_differs"\} 1/)
  const status = await (await fetch(`${server.url}/api/status`)).text()
  assert.match(status, /was published and cannot answer live/)
  assert.match(server.printed.stderr, /"code":"release_differs"/)

  assert.equal((await prescore(['rollback', 'spend'], { cwd: folder })).code, 0)
  while ((await server.live()).next !== null) await sleep(20)
})

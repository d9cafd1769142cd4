/** History as if it were arriving: to a server on a simulated clock, and to the log alone; used wrongly; interrupted; and again. */
import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { formatInstant, simulatedClock } from '../../src/base/index.ts'
import { createServer } from '../../src/server/index.ts'
import { memoryStore } from '../../src/stores/index.ts'
import { AS_OF, AS_OF_US, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
import { HYBRID } from '../live/house.ts'
import { type Ended, prescore, start, until } from './process.ts'

const MINUTE_US = 60_000_000
const FROM_US = AS_OF_US - 24 * 60 * MINUTE_US
const FROM = formatInstant(FROM_US)
const SPAN = ['--from', FROM, '--to', AS_OF] as const
/** Orders that became known in the day: five minutes after they were placed; the first of an id. */
const KNOWN = new Set(
  shopOrders()
    .slice(0, -3)
    .filter(({ atUs }) => atUs + 5 * MINUTE_US >= FROM_US && atUs + 5 * MINUTE_US < AS_OF_US)
    .map(({ id }) => id),
).size

let folder: string

before(async () => {
  folder = await makeShop({ config: HYBRID })
})
after(() => removeShop(folder))

const state = (name: string) => ['--state', join(folder, name)]
const run = (...args: readonly string[]): Promise<Ended> => prescore(['replay', ...args], { cwd: folder })
const told = ({ stdout }: Ended) => JSON.parse(stdout) as Record<string, unknown>
const getJson = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>
const codeOf = ({ stdout }: Ended) => (JSON.parse(stdout) as { error: { code: string } }).error.code

/** A server whose live features are filled. */
async function serving(t: TestContext, ...args: readonly string[]): Promise<string> {
  const server = start(['serve', '--port', '0', '--threads', '1', ...args], { cwd: folder })
  t.after(() => server.child.kill('SIGKILL'))
  await until(() => server.printed.stderr.includes('answering spend live') || server.child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0]
  assert.ok(url !== undefined, server.printed.stderr)
  return url
}

async function assertLive(url: string): Promise<void> {
  for (const [customer, value] of [...expectedAnswers()].slice(0, 12)) {
    const answer = await getJson(`${url}/api/predictions/spend/answers/${customer}?prefer=live&asOf=${AS_OF}`)
    assert.deepEqual([answer.value, answer.source], [value, 'live'], customer)
  }
}

test('to a server: what it answers live then is what a batch answers; the second time changes nothing', async t => {
  for (const [accepted, duplicate] of [
    [KNOWN, 0],
    [0, KNOWN],
  ]) {
    const url = await serving(t, '--now', FROM, ...state('served'))
    // A slash at the end of the address is no mistake.
    const ended = await run('orders', ...SPAN, '--url', `${url}/`, '--json')
    assert.equal(ended.code, 0, ended.stderr + ended.stdout)
    assert.deepEqual(told(ended), { source: 'orders', events: KNOWN, accepted, late: 0, duplicate, rejected: 0 })
    const { now } = await getJson(`${url}/api/clock`)
    assert.ok((now as string) >= formatInstant(AS_OF_US), String(now))
    await assertLive(url)
  }
})

test('to the log alone, twice; then `get` answers live from history and log', async () => {
  const words = await run('orders', ...SPAN, ...state('alone'))
  assert.deepEqual(
    [words.code, words.stdout],
    [0, `${KNOWN} events of orders: ${KNOWN} accepted (0 late), 0 duplicate, 0 rejected; it is ${formatInstant(AS_OF_US)} now\n`],
  )
  const again = await run('orders', ...SPAN, ...state('alone'), '--json')
  assert.deepEqual(told(again), { source: 'orders', events: KNOWN, accepted: 0, late: 0, duplicate: KNOWN, rejected: 0 })
  const got = await prescore(['get', 'spend', 'c0', '--prefer', 'live', '--now', AS_OF, '--as-of', AS_OF, '--json', ...state('alone')], {
    cwd: folder,
  })
  const { value, source } = told(got)
  assert.deepEqual([value, source], [expectedAnswers().get('c0'), 'live'])
})

test('what is known ahead of its time is sent when the log takes it; what never comes in time is told with its code', async t => {
  const ahead = await makeShop({ config: HYBRID.replace('minutes(5)', 'minutes(-4)') })
  t.after(() => removeShop(ahead))
  const all = await prescore(['replay', 'orders', ...SPAN, '--json'], { cwd: ahead })
  assert.equal(all.code, 0, all.stderr)
  assert.ok((told(all).accepted as number) > 0)
  const far = await makeShop({ config: HYBRID.replace('minutes(5)', 'minutes(-600)') })
  t.after(() => removeShop(far))
  const to = formatInstant(FROM_US + 60 * MINUTE_US)
  const ended = await prescore(['replay', 'orders', '--from', formatInstant(FROM_US - 1_200 * MINUTE_US), '--to', to, '--json'], {
    cwd: far,
  })
  assert.equal(ended.code, 1)
  assert.match(ended.stderr, /[\d,]+ rejected with event_in_future, such as: /)
  const { accepted, rejected, events } = told(ended) as { accepted: number; rejected: number; events: number }
  assert.ok(accepted > 0 && rejected > 0, `${accepted}, ${rejected}`)
  assert.equal(accepted + rejected, events)
})

test('nothing became known: nothing is sent', async () => {
  const ended = await run('orders', '--from', '2020-01-01T00:00:00Z', '--to', '2020-01-01T00:00:01Z', '--json', ...state('empty'))
  assert.deepEqual([ended.code, told(ended).events], [0, 0])
})

test('wrong use is told, each with its code, and sends nothing', async t => {
  const clock = simulatedClock(AS_OF_US)
  const { catalog } = memoryStore()
  const [simulated, machine] = [createServer({ resolvers: [], catalog, clock }), createServer({ resolvers: [], catalog })]
  const other = createHttpServer((_request, response) => response.end('<p>Hello</p>')).listen(0, '127.0.0.1')
  await until(() => other.listening)
  const { port } = other.address() as { port: number }
  const [simulatedAt, machineAt] = [await simulated.start(), await machine.start()]
  t.after(async () => {
    await Promise.all([simulated.stop(), machine.stop()])
    other.close()
  })
  const cases: readonly (readonly [code: string, exit: number, words: RegExp, ...args: string[]])[] = [
    ['wrong_use', 2, /--from/, 'orders', '--to', AS_OF],
    ['wrong_use', 2, /--to/, 'orders', '--from', AS_OF],
    ['wrong_use', 2, /--to.*after --from/, 'orders', '--from', AS_OF, '--to', FROM],
    ['wrong_use', 2, /--to/, 'orders', '--from', AS_OF, '--to', AS_OF],
    ['wrong_use', 2, /--speed/, 'orders', ...SPAN, '--speed', '0'],
    ['wrong_use', 2, /--speed/, 'orders', ...SPAN, '--speed', 'fast'],
    ['wrong_use', 2, /--speed/, 'orders', ...SPAN, '--speed', '-3'],
    ['wrong_use', 2, /expected a server/, 'orders', ...SPAN, '--url', 'http://127.0.0.1:1'],
    ['wrong_use', 2, /--url/, 'orders', ...SPAN, '--url', 'nowhere'],
    ['wrong_use', 2, /machine's clock/, 'orders', ...SPAN, '--url', machineAt.url],
    ['wrong_use', 2, /simulated clock at or before/, 'orders', ...SPAN, '--url', simulatedAt.url],
    ['wrong_use', 2, /--url/, 'orders', ...SPAN, '--url', `http://127.0.0.1:${port}`],
    ['unknown_source', 1, /orders/, 'order', ...SPAN],
    ['not_supported', 1, /table/, 'customers', ...SPAN],
    ['wrong_use', 2, /positional|argument|expected/i],
  ]
  for (let i = 0; i < cases.length; i += 4) {
    await Promise.all(
      cases.slice(i, i + 4).map(async ([code, exit, words, ...args]) => {
        const ended = await run(...args, '--json', ...state('wrong'))
        assert.equal(codeOf(ended), code, `${args.join(' ')}: ${ended.stdout}`)
        assert.equal(ended.code, exit, args.join(' '))
        assert.match(ended.stdout, words)
        assert.doesNotMatch(ended.stdout + ended.stderr, /\n +at |node_modules/)
      }),
    )
  }
})

test('a server without the source: its own error is told, and the clock stands', async t => {
  const clock = simulatedClock(FROM_US)
  const server = createServer({ resolvers: [], catalog: memoryStore().catalog, clock })
  const { url } = await server.start()
  t.after(() => server.stop())
  const ended = await run('orders', ...SPAN, '--url', url, '--json', ...state('wrong'))
  assert.deepEqual([ended.code, codeOf(ended)], [1, 'route_not_found'])
})

test('a server that goes away on the way: exit 75', async t => {
  const clock = simulatedClock(FROM_US)
  const server = createServer({ resolvers: [], catalog: memoryStore().catalog, clock })
  const { url } = await server.start()
  t.after(() => server.stop())
  const started = start(
    [
      'replay',
      'orders',
      '--from',
      FROM,
      '--to',
      formatInstant(FROM_US + 5 * MINUTE_US),
      '--speed',
      '60',
      '--url',
      url,
      '--json',
      ...state('wrong'),
    ],
    { cwd: folder },
  )
  await until(() => clock.nowUs() > FROM_US + MINUTE_US || started.child.exitCode !== null)
  await server.stop()
  const ended = await started.ended
  assert.deepEqual([ended.code, codeOf(ended)], [75, 'interrupted'], ended.stdout)
})

test('interrupted: exit 75, and the same again sends the rest', async t => {
  const url = await serving(t, '--now', FROM, ...state('interrupted'))
  const started = start(['replay', 'orders', ...SPAN, '--speed', '600', '--url', url, '--json', ...state('interrupted')], { cwd: folder })
  await until(() => started.printed.stderr.includes('events') || started.child.exitCode !== null)
  started.child.kill('SIGINT')
  const ended = await started.ended
  assert.deepEqual([ended.code, codeOf(ended)], [75, 'interrupted'], ended.stdout)
  const { now } = await getJson(`${url}/api/clock`)
  assert.ok((now as string) < AS_OF)
  // The rest goes to the log alone, which is the server's.
  const rest = await run('orders', ...SPAN, '--json', ...state('interrupted'))
  const { accepted, duplicate } = told(rest) as { accepted: number; duplicate: number }
  assert.ok(accepted > 0 && accepted + duplicate === KNOWN, rest.stdout)
})

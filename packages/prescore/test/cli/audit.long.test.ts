/** `prescore audit` and `prescore explain-features`, of a server that has answered: what they print, and how they end. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AuditReport, FeaturesExplained } from '../../src/audit/index.ts'
import { formatInstant } from '../../src/base/index.ts'
import { notedWith, tamper } from '../audit/house.ts'
import { AS_OF, AS_OF_US, makeShop, removeShop } from '../batch/shop.ts'
import { eventOf, MINUTE_US } from '../live/house.ts'
import { type Ended, prescore, type Started, start, until } from './process.ts'

let folder: string
let server: Started
let url: string
const run = (...args: readonly string[]): Promise<Ended> => prescore(args, { cwd: folder })
const codeOf = ({ stdout }: Ended) => (JSON.parse(stdout) as { error: { code: string } }).error.code
const ask = async (customer: string) => {
  const response = await fetch(`${url}/api/predictions/spend/answers/${customer}?prefer=live&deadlineMs=60000`)
  assert.equal(((await response.json()) as { source: string }).source, 'live')
}
const post = async (path: string, body: unknown) => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as Record<string, unknown>
}

before(async () => {
  folder = await makeShop({ config: notedWith('sample: 1') })
  server = start(['serve', '--port', '0', '--threads', '1', '--now', AS_OF], { cwd: folder })
  await until(() => server.printed.stderr.includes('answering spend live') || server.child.exitCode !== null)
  url = /http:\/\/127\.0\.0\.1:\d+/.exec(server.printed.stdout)?.[0] as string
})
after(async () => {
  server.child.kill('SIGKILL')
  await server.ended
  removeShop(folder)
})

test('before anything is noted: what to do', async () => {
  const ended = await run('audit', '--json')
  assert.deepEqual([ended.code, codeOf(ended)], [1, 'nothing_logged'])
  assert.match(ended.stdout, /answers are on disk a moment later/)
})

test('a server notes its answers while it serves, and tells how many', async () => {
  for (const customer of ['c0', 'new', 'new']) await ask(customer)
  await post('/api/clock', { now: formatInstant(AS_OF_US + 60 * MINUTE_US) })
  const late = eventOf({ id: 9001, customer: 'new', amount: 8, placedUs: AS_OF_US - 60 * MINUTE_US }, 0)
  assert.equal((await post('/api/sources/orders/events', [late])).accepted, 1)
  await ask('new')
  const metrics = async () => (await fetch(`${url}/metrics`)).text()
  while (!(await metrics()).includes('prescore_audit_logged_answers_total{prediction="spend"} 4'))
    await new Promise(done => setTimeout(done, 50))
  assert.match(await metrics(), /prescore_audit_dropped_answers_total\{prediction="spend"\} 0/)
  assert.doesNotMatch(await metrics(), /prescore_audit_last_answers\{/)
})

test('an audit beside the server: nothing differs as served, and the late event has its name', async () => {
  const words = await run('audit', 'spend')
  assert.equal(words.code, 0, words.stderr)
  assert.match(
    words.stdout,
    /^prediction +answers +compared +identical +defects +changed by late events +not comparable\nspend +4 +4 +4 +0 +2 +0\n/,
  )
  assert.match(words.stdout, /\n {2}orders 9001 +2026-03-10T11:00:00\.000000Z +2026-03-10T13:0\d:\d\d\.\d+Z +known later +2\n/)
  assert.match(words.stdout, /As served, not a bit differs\.\n$/)
  const ended = await run('audit', '--json', '--from', AS_OF, '--sample', '100')
  const { predictions, unreadableLines } = JSON.parse(ended.stdout) as AuditReport
  assert.deepEqual([ended.code, unreadableLines, predictions.length, predictions[0]?.identical], [0, 0, 1, 4])
  assert.deepEqual(predictions[0]?.changes[0]?.features[0], { name: 'own.orders', served: 0, corrected: 1 })
  const metrics = await (await fetch(`${url}/metrics`)).text()
  assert.match(metrics, /prescore_audit_last_answers\{prediction="spend",result="changed_by_late_events"\} 2/)
  const status = await run('status', '--url', url)
  assert.match(status.stdout, /\naudits of +noted answers .*\nspend +4 +0 +\S+ +4 +4 +0 +2\n/)
})

test('the features of a key, with their events: in the window, not yet known', async () => {
  const early = ['--as-of', formatInstant(AS_OF_US + MINUTE_US)]
  const words = await run('explain-features', 'spend', 'new', ...early)
  assert.equal(words.code, 0, words.stderr)
  assert.match(words.stdout, /^spend \{"customer":"new"\} as of 2026-03-10T12:01:00/)
  assert.match(words.stdout, /\nlargest +missing +join\.own\.largest\n/)
  assert.match(
    words.stdout,
    /\n {2}orders = 0, count of 0 events \(1 known only later\)\n {2}in \[2026-03-03T12:01:00\.000000Z, 2026-03-10T12:01:00\.000000Z\)\n {4}9001 /,
  )
  const ended = await run('explain-features', 'spend', 'customer=new', '--as-of', formatInstant(AS_OF_US + 65 * MINUTE_US), '--json')
  const { joins, features, key } = JSON.parse(ended.stdout) as FeaturesExplained
  assert.deepEqual([key, joins[0]?.key, joins[0]?.source], [{ customer: 'new' }, { customer: 'new' }, 'orders'])
  const [orders, total] = joins[0]?.features ?? []
  assert.deepEqual([orders?.value, orders?.entered.count, orders?.late.count], [1, 1, 0])
  const [event] = total?.entered.events ?? []
  assert.deepEqual([event?.id, event?.value, event?.position], [9001, 4, 1])
  assert.deepEqual(
    features.find(({ name }) => name === 'total'),
    { name: 'total', value: 4, from: ['join.own.total'] },
  )
  const listed = await run('explain-features', 'spend', 'c0', '--now', AS_OF, '--events', '2', '--json')
  const known = (JSON.parse(listed.stdout) as FeaturesExplained).joins[0]?.features[0]
  assert.ok((known?.entered.count ?? 0) > 2 && known?.entered.events.length === 2, listed.stdout)
  assert.ok(known.entered.events[0]!.eventTime! < known.entered.events[1]!.eventTime!)
})

test('a changed bit on disk: the answer is found, and the command fails', async () => {
  server.child.kill('SIGTERM')
  assert.equal((await server.ended).code, 0)
  tamper(folder, text =>
    text.replace(/("customer":"c0".*"features":")(.)/, (_, before: string, first: string) => `${before}${first === 'A' ? 'B' : 'A'}`),
  )
  const words = await run('audit')
  assert.equal(words.code, 1)
  assert.match(words.stdout, /\{"customer":"c0"\} as of .*\n {4}orders: answered \S+, computed again \S+\n/)
  assert.match(words.stdout, /1 of 4 answers are not what they should have been/)
  const status = await run('status')
  assert.match(status.stdout, /warning predictions\.spend: The last audit, at .*, found 1 of 4 live answers/)
})

test('used wrongly', async () => {
  const cases: readonly (readonly [code: string, exit: number, ...args: string[]])[] = [
    ['unknown_prediction', 1, 'audit', 'spent'],
    ['wrong_use', 2, 'audit', '--sample', '0'],
    ['nothing_logged', 1, 'audit', '--from', '2030-01-01T00:00:00Z'],
    ['invalid_key', 1, 'explain-features', 'spend'],
    ['wrong_use', 2, 'explain-features', 'spend', 'c0', '--events', 'many'],
  ]
  await Promise.all(
    cases.map(async ([code, exit, ...args]) => {
      const ended = await run(...args, '--json')
      assert.deepEqual([codeOf(ended), ended.code], [code, exit], `${args.join(' ')}: ${ended.stdout}`)
      assert.doesNotMatch(ended.stdout + ended.stderr, /\n +at |node_modules/)
    }),
  )
})

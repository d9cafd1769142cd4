/** `get` with what a live answer takes: inputs, a preference, a moment, an explanation; and `serve` on a simulated clock. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AS_OF, changed, makeShop, removeShop, writeRows } from '../batch/shop.ts'
import { configWith } from '../live/house.ts'
import { type Ended, prescore, start, until } from './process.ts'

/** With two inputs, of which one is in the vector: `boost`, and `coupon`, which has a default. And with a deadline that no scan keeps. */
const CONFIG = changed(
  configWith(
    ['entity: customer,', `entity: customer,\n      inputs: { boost: 'float64', coupon: { kind: 'string', default: 'none' } },`],
    ['largest: s.join.own.largest', `largest: s.inputs.boost`],
    [
      'population: customers.where(r => r.active).keys(customer)',
      `population: customers.where(r => r.active).keys(customer).inputs({ boost: 'boost' })`,
    ],
    [`{ customer: 'string', active: 'boolean' }`, `{ customer: 'string', active: 'boolean', boost: 'float64' }`],
  ),
  `deadline: '60s'`,
  `deadline: '1ms'`,
)

let folder: string

before(async () => {
  folder = await makeShop({ config: CONFIG })
  await writeRows(`${folder}/customers.parquet`, `SELECT 'c' || i AS customer, true AS active, 3.5::DOUBLE AS boost FROM range(20) AS r(i)`)
  const { code, stderr } = await prescore(['run', 'spend', '--as-of', AS_OF], { cwd: folder })
  assert.equal(code, 0, stderr)
})
after(() => removeShop(folder))

const get = (...args: readonly string[]): Promise<Ended> => prescore(['get', 'spend', ...args, '--json'], { cwd: folder })
const told = ({ stdout, stderr }: Ended) => {
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as Record<string, unknown>
}
test("stored where it was computed with the same inputs, else live; what is left out is the population row's", async () => {
  const at = ['--now', AS_OF, '--explain']
  const [plain, same, other, live, word] = await Promise.all([
    get('c0', ...at),
    get('customer=c0', 'boost=3.5', ...at),
    get('c0', 'boost=4', 'coupon=ten', ...at),
    get('c0', '--prefer', 'live', '--as-of', AS_OF, ...at),
    prescore(['get', 'spend', 'c0', 'boost=', ...at], { cwd: folder }),
  ])
  const sources = [plain, same, other, live].map(each => told(each).source)
  assert.deepEqual(sources, ['store', 'store', 'live', 'live'])
  assert.deepEqual(told(live).value, told(plain).value)
  const featuresOf = (ended: Ended) => (told(ended).explain as { features: Record<string, number> }).features
  assert.equal(featuresOf(live).largest, 3.5)
  assert.deepEqual(featuresOf(other), { ...featuresOf(live), largest: 4 })
  // An empty number is missing.
  assert.match(word.stdout, /source +live/)
  assert.match(word.stdout, /"largest":null/)
  assert.match(word.stdout, /asOf +2026-03-10T12:0/)
})

test('a key that nobody knows is answered, and told', async () => {
  const at = ['--now', AS_OF, '--prefer', 'live', 'boost=1']
  const [known, unknown] = await Promise.all([get('c0', ...at), get('nobody', ...at)])
  assert.deepEqual([told(known).degraded, told(unknown).degraded], [false, true])
  assert.equal((told(unknown).reason as { code: string }).code, 'unknown_key')
})

test('what does not fit is told', async () => {
  const cases: readonly (readonly [code: string, exit: number, ...args: string[]])[] = [
    ['wrong_use', 2, 'c0', '--prefer', 'best'],
    ['wrong_use', 2, 'c0', '--max-age', '-1'],
    ['wrong_use', 2, 'c0', '--as-of', 'yesterday'],
    ['invalid_input', 1, 'c0', 'boost=high'],
    ['invalid_key', 1, 'customer=c0', 'colour=red'],
    ['as_of_out_of_range', 1, 'c0', '--now', AS_OF, '--as-of', '2026-03-10T13:00:00Z'],
  ]
  for (let i = 0; i < cases.length; i += 3)
    await Promise.all(
      cases.slice(i, i + 3).map(async ([code, exit, ...args]) => {
        const ended = await get(...args)
        assert.deepEqual([(told(ended).error as { code: string } | undefined)?.code, ended.code], [code, exit], args.join(' '))
      }),
    )
})

test('serve: moments that are none, and an end of history without a clock that stands before it', async () => {
  for (const args of [
    ['--now', 'noon'],
    ['--now', AS_OF, '--until', '2026-03-10'],
    ['--until', AS_OF],
  ]) {
    const server = start(['serve', '--port', '0', ...args, '--json'], { cwd: folder })
    await until(() => server.printed.stdout.includes('"url"') || server.child.exitCode !== null)
    server.child.kill('SIGKILL')
    const ended = await server.ended
    assert.deepEqual([(told(ended).error as { code: string } | undefined)?.code, ended.code], ['wrong_use', 2], args.join(' '))
  }
})

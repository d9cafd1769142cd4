/** Known products answered from the store, what-ifs and new products live, by the command line and a server on a simulated clock. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Database, literal } from '../../../packages/prescore/src/parquet/index.ts'
import { loadProject, type PredictionDefinition } from '../../../packages/prescore/src/project/index.ts'
import { featureHash } from '../../../packages/prescore/src/release/index.ts'
import { prescore, type Started, start, until } from '../../../packages/prescore/test/cli/process.ts'
import { generate } from '../generate.ts'
import { prepare } from '../prepare.ts'

const PROJECT = join(import.meta.dirname, '..')
const NOW = '2025-07-01T09:00:00+02:00'

interface Answer {
  readonly value: number
  readonly source: string
  readonly key: { readonly sku: string } | null
  readonly whatIf?: true
  readonly degraded: boolean
  readonly run: string | null
  readonly code?: string
  readonly message?: string
  readonly explain?: {
    readonly steps: readonly { readonly step: string; readonly outcome: string }[]
    readonly features: Readonly<Record<string, number | null>>
  }
}

interface Listed {
  readonly sku: string
  readonly season: string
  readonly price: number
  readonly channel: string
}

let state: string
let server: Started
let url: string
/** What the table says at the end, of products that were sold before. */
let listed: readonly Listed[]

before(async () => {
  await prepare()
  state = await mkdtemp(join(tmpdir(), 'prescore-demand-'))
  const { code, stdout, stderr } = await prescore(['run', 'demand', '--as-of', '2025-07-01T02:00:00+02:00', ...place()])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /397 planned = 397 ok \+ 0 rejected/)
  server = start(['serve', '--port', '0', '--now', NOW, ...place()])
  await until(() => server.printed.stderr.includes('answering demand live') || server.child.exitCode !== null)
  url = `${/http:\/\/\S+:\d+/.exec(server.printed.stdout)?.[0]}/api/predictions/demand/answers`
  listed = await currentRows()
})

after(async () => {
  server.child.kill('SIGTERM')
  await server.ended
  await rm(state, { recursive: true, force: true })
})

test('the shop is the same on any machine', () => {
  const { products, sales } = generate()
  assert.deepEqual([new Set(products.map(({ sku }) => sku)).size, sales.length], [400, 149_710])
  const digest = createHash('sha256').update(JSON.stringify({ products, sales })).digest('hex')
  assert.equal(digest.slice(0, 16), '6fedcce3798b51ae')
})

test('the model was trained on these features', async () => {
  const { definition } = await loadProject(PROJECT)
  const demand = definition.predictions.demand as PredictionDefinition
  const expected = (await import('../models/demand.expected.json', { with: { type: 'json' } })).default
  assert.deepEqual(
    demand.features.map(({ name }) => name),
    expected.features,
  )
  assert.equal(featureHash(definition, demand), expected.feature_hash)
})

test('a known product is answered from the store', async () => {
  const answer = await ask({ key: { sku: 'P-1010' } })
  assert.deepEqual([answer.source, answer.degraded, answer.whatIf], ['store', false, undefined])
  assert.ok(Math.abs(answer.value / 120.899605 - 1) < 1e-5, String(answer.value))
})

test('a product that was launched this morning has no stored answer, and is answered live', async () => {
  const { source, degraded, explain } = await ask({ key: { sku: 'P-1398' }, explain: true })
  assert.deepEqual([source, degraded], ['live', false])
  assert.deepEqual(
    explain?.steps.map(({ step, outcome }) => `${step} ${outcome}`),
    ['override none', 'store unknown_key', 'live answered'],
  )
  assert.deepEqual([explain?.features.price, explain?.features.summer, explain?.features.mean_28d], [13, 1, null])
})

test('a what-if that sets what the table says has the bits of the stored answer', async () => {
  const stored = await askAll(listed.map(({ sku }) => ({ key: { sku } })))
  const same = await askAll(listed.map(({ sku, ...product }) => ({ key: { sku }, attributes: { product } })))
  assert.equal(stored.length, 397)
  assert.deepEqual(new Set(stored.map(({ source }) => source)), new Set(['store']))
  assert.deepEqual(new Set(same.map(({ source, whatIf }) => `${source} ${whatIf}`)), new Set(['live true']))
  assert.deepEqual(
    same.map(({ value }) => value),
    stored.map(({ value }) => value),
  )
})

test('dearer never sells more, and much dearer sells less', async () => {
  const factors = [0.5, 0.8, 1, 1.2, 2]
  const asked = listed.flatMap(({ sku, price }) =>
    factors.map(factor => ({ key: { sku }, attributes: { product: { price: price * factor } } })),
  )
  const values = (await askAll(asked)).map(({ value }) => value)
  for (let i = 0; i < values.length; i++) {
    if (i % factors.length === 0) continue
    assert.ok((values[i] as number) <= (values[i - 1] as number), JSON.stringify(asked[i]))
  }
  const ends = listed.map((_, i) => [values[i * factors.length], values[i * factors.length + 4]] as [number, number])
  assert.ok(ends.every(([cheap, dear]) => dear < cheap))
})

test('a product that does not exist yet is answered without a key', async () => {
  const product = { season: 'summer', price: 39, channel: 'web' }
  const answer = await ask({ attributes: { product }, explain: true })
  assert.deepEqual([answer.key, answer.source, answer.whatIf, answer.run], [null, 'live', true, null])
  assert.deepEqual([answer.explain?.features.price, answer.explain?.features.mean_7d], [39, null])
  const [summer, winter, cheap] = await askAll([
    { attributes: { product } },
    { attributes: { product: { ...product, season: 'winter' } } },
    { attributes: { product: { ...product, price: 19 } } },
  ])
  assert.equal(summer?.value, answer.value)
  assert.ok((winter?.value as number) < (summer?.value as number), 'winter in July')
  assert.ok((cheap?.value as number) > (summer?.value as number), 'cheaper')
})

test('a what-if is never stored, nor remembered', async () => {
  const key = { sku: 'P-1010' }
  const before = await ask({ key })
  const whatIf = { key, attributes: { product: { price: 1 } } }
  const [first, again] = [await ask(whatIf), await ask(whatIf)]
  assert.deepEqual([first.source, again.source, first.value === again.value], ['live', 'live', true])
  assert.ok(first.value > before.value)
  const [stored, live] = [await ask({ key }), await ask({ key, prefer: 'live' })]
  assert.deepEqual([stored.source, stored.value, stored.run], ['store', before.value, before.run])
  assert.deepEqual([live.source, live.value, live.whatIf], ['live', before.value, undefined])
})

test('what is wrong is refused by name', async () => {
  const refused = async (body: object) => {
    const { code, message } = await ask(body)
    return `${code}: ${message}`
  }
  assert.match(await refused({ attributes: { product: { prize: 39 } } }), /^invalid_attribute: .*`prize`.*season, price, channel/)
  assert.match(await refused({ attributes: { product: { price: '39' } } }), /^invalid_attribute: .*product\.price.*"39".*a number/)
  assert.match(await refused({ attributes: { products: {} } }), /^invalid_attribute: .*`products`/)
  assert.match(await refused({ key: { sku: 'P-1010' }, inputs: { price: 39 } }), /^invalid_input: .*takes no inputs/)
  assert.match(await refused({ key: { sku: 1010 } }), /^invalid_key: /)
  assert.match(await refused({}), /^invalid_key: /)
})

function place(): string[] {
  return ['--project', PROJECT, '--state', state]
}

async function post(body: object): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  return await response.json()
}

/** The machine may be busy. */
const PATIENT = { deadlineMs: 60_000 }

async function ask(body: object): Promise<Answer> {
  return (await post({ ...body, ...PATIENT })) as Answer
}

async function askAll(requests: readonly object[]): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (let i = 0; i < requests.length; i += 100) {
    const some = { requests: requests.slice(i, i + 100).map(request => ({ ...request, ...PATIENT })) }
    answers.push(...((await post(some)) as { answers: Answer[] }).answers)
  }
  return answers
}

async function currentRows(): Promise<readonly Listed[]> {
  const database = await Database.open({ threads: 1 })
  try {
    const sql = `SELECT sku, max_by(season, since) AS season, max_by(price, since) AS price, max_by(channel, since) AS channel
      FROM ${literal(join(PROJECT, 'data/products.parquet'))} WHERE since <= TIMESTAMP '2025-06-30 12:00' GROUP BY sku ORDER BY sku`
    return (await database.query(sql, 'products')) as unknown as Listed[]
  } finally {
    database.close()
  }
}

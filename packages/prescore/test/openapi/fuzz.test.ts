/** Requests made from the document, and others bent a little: no defect, no status or body that is not documented, nothing taken that it refuses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Contract, type Operation } from './contract.ts'
import { documentedHouse } from './house.ts'

/** `PRESCORE_PROPERTY_RUNS=400 node --test …` looks longer; so many for each operation. */
const RUNS = Math.min(400, Number(process.env.PRESCORE_PROPERTY_RUNS ?? 50))

const WORDS = [
  'c0',
  'c1',
  'nobody',
  '',
  'a/b',
  'Zoë 🚀',
  '7',
  '-1',
  '9007199254740993',
  '1e400',
  'null',
  'true',
  'live',
  'store',
  'spend',
  'mixed.model',
  '2026-03-10T12:00:00Z',
  '2026-03-10T12:00:00',
  '1600-01-01T00:00:00Z',
  'x'.repeat(3_000),
]
const text = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...WORDS) }, fc.string({ unit: 'grapheme', maxLength: 20 }))
const scalar = fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null))
const anything = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }), fc.dictionary(text, scalar, { maxKeys: 3 }))
const NAMES = [
  'key',
  'inputs',
  'attributes',
  'requests',
  'customer',
  'shop',
  'amount',
  'count',
  'gift',
  'at',
  'wait',
  'code',
  'a',
  'b',
  'c',
  'd',
  'own',
  'orders',
  'prefer',
  'maxAgeSeconds',
  'deadlineMs',
  'asOf',
  'explain',
  'value',
  'author',
  'reason',
  'expiresAt',
  'now',
  'id',
  'placed',
  'shape',
  'datatype',
  'data',
  'name',
]

/** An object with known names: some with values that fit, some not. */
const members: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 3 }, anything, tie('object')),
  object: fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 5 }),
})).object

/** An example with one of its members replaced, taken away or added. */
function bent(example: unknown): fc.Arbitrary<unknown> {
  if (Array.isArray(example))
    return fc.oneof(fc.constant(example), fc.array(fc.oneof(fc.constant(example[0]), bent(example[0]), members), { maxLength: 3 }))
  if (example === null || typeof example !== 'object') return fc.oneof(fc.constant(example), anything)
  const names = Object.keys(example)
  const inner = fc
    .constantFrom(...(names.length === 0 ? ['key'] : names))
    .chain(name => bent((example as Record<string, unknown>)[name]).map(value => ({ ...example, [name]: value })))
  const more = fc.tuple(fc.constantFrom(...NAMES), anything).map(([name, value]) => ({ ...example, [name]: value }))
  const less = fc
    .constantFrom(...(names.length === 0 ? ['key'] : names))
    .map(name => Object.fromEntries(Object.entries(example).filter(([each]) => each !== name)))
  return fc.oneof(inner, more, less, members)
}

const optional = fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: text.map(each => [each]) })

interface Asked {
  readonly url: string
  readonly body?: { readonly type: string; readonly text: string }
  readonly value?: unknown
}

function requests({ path, parameters = [], requestBody }: Operation): fc.Arbitrary<Asked> {
  const values = fc.tuple(...parameters.map(({ required }) => (required ? text.map(each => [each]) : optional)))
  const url = values.map(given =>
    parameters.reduce((whole, { name, in: place }, i) => {
      const [value] = given[i] as string[]
      if (value === undefined) return whole
      const encoded = encodeURIComponent(value.toWellFormed())
      // A part of a path that is empty, or that means this or the folder above, is another path.
      if (place === 'path') return whole.replace(`{${name}}`, /^\.{0,2}$/.test(encoded) ? 'x' : encoded)
      return `${whole}${whole.includes('?') ? '&' : '?'}${name}=${encoded}`
    }, path),
  )
  const bodies = Object.entries(requestBody?.content ?? {})
  if (bodies.length === 0) return url.map(each => ({ url: each }))
  return fc.tuple(url, fc.constantFrom(...bodies)).chain(([each, [type, { example }]]) => {
    const broken = fc.tuple(
      fc.constantFrom('', '{', '[', 'nonsense', '{"key":', '\u0000'),
      fc.constantFrom(type, 'text/plain', 'application/json'),
    )
    const asked = (value: unknown): Asked => ({ url: each, value, body: { type, text: JSON.stringify(value) ?? 'null' } })
    return fc.oneof(
      { weight: 3, arbitrary: fc.constant(asked(example)) },
      { weight: 6, arbitrary: bent(example).map(asked) },
      { weight: 1, arbitrary: broken.map(([words, other]) => ({ url: each, body: { type: other, text: words } })) },
    )
  })
}

test('requests from the document meet what it says', { timeout: 300_000 }, async t => {
  const { server } = await documentedHouse(t)
  const contract = await Contract.of(server)
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 1_000_000)
  t.diagnostic(`seed ${seed}`)
  const statuses = new Map<string, number>()
  for (const operation of contract.operations) {
    const schema = operation.requestBody?.content['application/json']?.schema
    await fc.assert(
      fc.asyncProperty(requests(operation), async ({ url, body, value }) => {
        const { status, text: answer } = await contract.ask(operation, url, body)
        statuses.set(`${operation.operationId} ${status}`, (statuses.get(`${operation.operationId} ${status}`) ?? 0) + 1)
        assert.notEqual(status, 500, `${url} ${body?.text}: ${answer}`)
        const isRefused =
          schema !== undefined && body?.type === 'application/json' && value !== undefined && !contract.fits(schema, JSON.parse(body.text))
        // Elements of a list are judged each on its own, and what is wrong with them is told in the answer.
        const isJudgedApart = /^\{"(answers|accepted)":/.test(answer)
        if (isRefused && !isJudgedApart)
          assert.ok(status >= 400, `taken, although the document refuses it: ${operation.method} ${url} ${body?.text}`)
      }),
      { numRuns: RUNS, seed },
    )
  }
  // It reaches answers, and not only refusals.
  for (const id of ['spend_answers', 'mixed_answers', 'free_answers', 'spend_set_override', 'orders_events', 'spend_answer_by_key'])
    assert.ok(
      [...statuses].some(([name]) => name === `${id} 200` || name === `${id} 202`),
      `${id}: ${JSON.stringify([...statuses])}`,
    )
})

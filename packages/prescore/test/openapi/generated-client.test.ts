/** A client that a generator makes from the served document: it compiles, refuses what is wrong, and works against the server. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { expectedAnswers } from '../batch/shop.ts'
import { documentedHouse } from './house.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const GENERATOR = join(ROOT, 'scripts/openapi-generator/node_modules/openapi-typescript/bin/cli.js')

/** What an application does with it. A line that must not compile says so: the compiler complains of it when it does. */
const APPLICATION = `import createClient from 'openapi-fetch'
import type { components, paths } from './schema.d.ts'

export async function ask(baseUrl: string) {
  const client = createClient<paths>({ baseUrl })
  const byPath = await client.GET('/api/predictions/spend/answers/{key}', { params: { path: { key: 'c0' } } })
  const value: number | number[] | null | undefined = byPath.data?.value
  const byQuery = await client.GET('/api/predictions/mixed/answers', { params: { query: { customer: 'c0', shop: 1, prefer: 'live' } } })
  const none = await client.GET('/api/runs/{id}', { params: { path: { id: 'none' } } })
  const refused: components['schemas']['ErrorCode'] | undefined = none.error?.code
  const composite = await client.POST('/api/predictions/mixed/answers', {
    body: { key: { customer: 'c0', shop: 1 }, inputs: { amount: 12, count: 3 }, explain: true },
  })
  const many = await client.POST('/api/predictions/spend/answers', {
    body: { requests: [{ key: 'c0' }, { key: { customer: 'c1' }, asOf: '1600-01-01T00:00:00Z' }] },
  })
  const answers = many.data !== undefined && 'answers' in many.data ? many.data.answers : []
  const outcomes = answers.map(each => ('error' in each ? each.error.code : each.source))
  const events = await client.POST('/api/sources/orders/events', {
    body: [{ id: 900_001, placed: '2026-03-10T11:30:00Z', customer: 'c0', amount: 4 }, { id: 900_001, placed: '2026-03-10T11:30:00Z' }],
  })
  const set = await client.PUT('/api/predictions/mixed/overrides', {
    body: { key: { customer: 'c0', shop: 1 }, value: 7, author: 'kim', reason: 'checked by hand' },
  })
  const overridden = await client.GET('/api/predictions/mixed/answers', { params: { query: { customer: 'c0', shop: 1 } } })
  const listed = await client.GET('/api/predictions/mixed/overrides')
  const shop: number | undefined = listed.data?.overrides[0]?.key.shop
  const removed = await client.DELETE('/api/predictions/mixed/overrides', { body: { key: { customer: 'c0', shop: 1 } } })
  const { data: runs } = await client.GET('/api/runs', { params: { query: { prediction: 'spend' } } })
  const id = runs?.runs[0]?.id ?? ''
  const run = await client.GET('/api/runs/{id}', { params: { path: { id } } })
  const { data: status } = await client.GET('/api/status')
  return {
    value,
    byQuery: byQuery.data?.source,
    refused,
    composite: composite.data !== undefined && 'value' in composite.data ? [composite.data.source, composite.data.key] : composite.error,
    outcomes,
    events: events.data ?? events.error,
    set: set.data?.setAt !== undefined,
    overridden: [overridden.data?.source, overridden.data?.value],
    shop,
    removed: removed.data?.removed,
    run: run.data?.state,
    keys: status?.predictions[0]?.serves?.keys,
  }
}

export async function mistakes(baseUrl: string): Promise<void> {
  const client = createClient<paths>({ baseUrl })
  // @ts-expect-error no such prediction
  await client.GET('/api/predictions/spent/answers', {})
  // @ts-expect-error a key column is missing
  await client.GET('/api/predictions/mixed/answers', { params: { query: { customer: 'c0' } } })
  // @ts-expect-error neither a key nor attributes
  await client.POST('/api/predictions/mixed/answers', { body: { inputs: { amount: 1 } } })
  // @ts-expect-error an input of another type
  await client.POST('/api/predictions/mixed/answers', { body: { key: { customer: 'c0', shop: 1 }, inputs: { amount: 'much' } } })
  // @ts-expect-error an event without its time
  await client.POST('/api/sources/orders/events', { body: [{ id: 1 }] })
}
`

const COMPILER = {
  compilerOptions: {
    target: 'es2024',
    lib: ['es2024', 'dom', 'dom.iterable'],
    module: 'nodenext',
    strict: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    allowImportingTsExtensions: true,
    types: [],
  },
  files: ['application.ts'],
}

/** A folder with the client made from the document, compiled. */
function generated(t: TestContext, document: string): string {
  mkdirSync(join(ROOT, '.scratch'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.scratch', 'generated-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries({
    'openapi.json': document,
    'package.json': '{"type":"module"}',
    'tsconfig.json': JSON.stringify(COMPILER),
    'application.ts': APPLICATION,
  }))
    writeFileSync(join(folder, name), text)
  const run = (args: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    assert.equal(status, 0, stdout + stderr)
  }
  run([GENERATOR, 'openapi.json', '--output', 'schema.d.ts'])
  run([join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', '.'])
  return folder
}

test('a generated client compiles, and asks for answers, batches, events, overrides and runs', async t => {
  const { server } = await documentedHouse(t)
  const { body } = await server.app.inject('/docs/openapi.json')
  const folder = generated(t, body)
  const { ask } = (await import(pathToFileURL(join(folder, 'application.ts')).href)) as { ask: (url: string) => Promise<unknown> }
  const { url } = await server.start()
  assert.deepEqual(await ask(url), {
    value: expectedAnswers().get('c0'),
    byQuery: 'default',
    refused: 'run_not_found',
    composite: ['live', { customer: 'c0', shop: 1 }],
    outcomes: ['store', 'invalid_request'],
    events: { accepted: 1, late: 1, duplicate: 1, rejected: [] },
    set: true,
    overridden: ['override', 7],
    shop: 1,
    removed: true,
    run: 'published',
    keys: expectedAnswers().size,
  })
})

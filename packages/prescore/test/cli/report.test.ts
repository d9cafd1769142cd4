/** The page of a run: one file, whole, that asks for nothing and says everything; whatever stands in the data stays text. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pageData } from '../../src/batch/index.ts'
import { runPage } from '../../src/cli/report/page.ts'
import { inShop, type OpenShop, refused } from '../batch/harness.ts'
import { AS_OF_US, makeShop, removeShop, shopCustomers, writeRows } from '../batch/shop.ts'
import { prescore } from './process.ts'

const HOUR_US = 3_600_000_000
const NASTY = '<script>alert("x")</script>&amp;'
let folder: string

before(async () => {
  folder = await makeShop({ customers: [...shopCustomers(), { customer: NASTY, active: true }] })
})
after(() => removeShop(folder))

/** Two features of each item as they are: the model takes [1, 2, 3, 4][place] / divisor. */
const ITEMS = `import { defineProject, entity, onnx, prediction, table } from 'prescore'
const items = table({ files: 'items.parquet', columns: { item: 'int64', place: 'float64', divisor: 'float64' } })
const item = entity({ item: 'int64' })
const facts = items.by(item).features(f => ({ place: f.last('place'), divisor: f.last('divisor') }))
export default defineProject({ sources: { items }, predictions: { spend: prediction({
  entity: item, join: s => ({ facts: facts.at(s.key) }), features: s => s.join.facts, model: onnx('model.onnx'),
  population: items.keys(item), policy: { mode: 'batch' }, gates: { coverage: 0.5 } }) } })
`

const page = async ({ app }: OpenShop, run: string) => runPage(await pageData(await app.place(), run))
const texts = (html: string) => html.replaceAll(/<style>.*?<\/style>|<[^>]+>/gs, ' ').replaceAll(/\s+/g, ' ')

/** Every element that is opened is closed, in order. */
function assertWellFormed(html: string): void {
  const open: string[] = []
  for (const [, end, name = '', , alone] of html.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:\s[^<>]*?)?)(\/?)>/gi)) {
    if (alone === '/' || name === 'meta') continue
    if (end === '') open.push(name)
    else assert.equal(open.pop(), name, `</${name}>`)
  }
  assert.deepEqual(open, [])
}

test('a run beside the one that is served: totals, gates, times, lineage, and a histogram for each value and feature', () =>
  inShop(folder, async shop => {
    const before = await shop.run({ asOfUs: AS_OF_US - 48 * HOUR_US })
    const { run, report } = await shop.run({ publish: 'never' })
    const html = await page(shop, run)
    assertWellFormed(html)
    const said = texts(html)
    assert.match(said, /spend, as of 2026-03-10T12:00:00\.000000Z staged run [0-9a-f]{64}/)
    assert.match(said, /32 planned = 32 ok \+ 0 rejected\. Digest/)
    assert.match(said, /coverage ✓ passed 100\.00 % of 32 rows have a value at least 90 %/)
    for (const name of ['value', 'orders', 'total', 'largest', 'hour'])
      assert.match(html, new RegExp(`aria-label="Distribution of ${name}, from`))
    assert.match(said, new RegExp(`run ${before.run.slice(0, 12)} as of 2026-03-08T12:00:00\\.000000Z, published`))
    assert.match(said, /hour moved( a little)?, index|hour as before, index/)
    assert.match(said, /orders 403 orders\.parquet [\d.]+ kB, sha256 [0-9a-f]{12}/)
    assert.match(said, new RegExp(`Digest ${report.digest.slice(0, 12)}`))
    // The shares in each table of a histogram are those of all values.
    const { comparisons } = await pageData(await shop.app.place(), run)
    assert.ok(typeof comparisons !== 'string')
    for (const { bins, now, before: other } of comparisons.columns) {
      assert.equal(
        bins.reduce((sum, bin) => sum + bin.now, 0),
        now.rows - now.missing,
      )
      assert.equal(
        bins.reduce((sum, bin) => sum + bin.before, 0),
        (other?.rows ?? 0) - (other?.missing ?? 0),
      )
      assert.equal(now.rows, 32)
    }
    assert.match(texts(await page(shop, before.run)), /There is no other published run/)
  }))

test('rejected rows by reason, with their keys as text; nothing in the page runs or is fetched', async t => {
  const items = await makeShop({ config: ITEMS, model: 'fragile' })
  t.after(() => removeShop(items))
  const cells = '(0, 0::DOUBLE, 1::DOUBLE), (1, 9, 1), (2, 1, 0), (3, 2, 2)'
  await writeRows(
    join(items, 'items.parquet'),
    `SELECT item::BIGINT AS item, place, divisor FROM (VALUES ${cells}) v(item, place, divisor)`,
  )
  await inShop(items, async shop => {
    const { run, report } = await shop.run()
    assert.ok(report.ok < report.rows)
    const html = await page(shop, run)
    assertWellFormed(html)
    assert.match(texts(html), /Rejected rows .* model_failed 1 25 % \{&quot;item&quot;:1\} value_not_finite 1 25 % \{&quot;item&quot;:2\} /)
    assert.match(texts(html), /4 planned = 2 ok \+ 2 rejected/)
    assert.doesNotMatch(html, /<script|<link|<img|<iframe|javascript:|\son\w+=|style="/i)
    assert.doesNotMatch(html.replaceAll(/xmlns="[^"]*"/g, ''), /https?:\/\/|url\(|@import/)
    assert.match(
      html,
      /<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;|content="default-src 'none'; style-src 'sha256-/,
    )
    assert.match(html, /<html lang="en">/)
    assert.equal(html.match(/<svg/g)?.length, html.match(/<svg[^>]*(role="img" aria-label="[^"]+"|aria-hidden="true")/g)?.length)
    assert.equal(html.match(/<table/g)?.length, html.match(/<caption>[^<]+/g)?.length)
  })
})

test('what stands in keys and names is text', () =>
  inShop(folder, async shop => {
    const { record } = await pageData(await shop.app.place(), (await shop.run()).run)
    const data = await pageData(await shop.app.place(), record.id)
    const html = runPage({ ...data, record: { ...record, prediction: NASTY } })
    assert.doesNotMatch(html, /<script/)
    assert.match(html, /&lt;script&gt;alert\(&quot;x&quot;\)&lt;\/script&gt;&amp;amp;/)
  }))

test('a run that is only planned, and one whose files are gone', () =>
  inShop(folder, async shop => {
    const controller = new AbortController()
    const asOfUs = AS_OF_US - 3 * HOUR_US
    await assert.rejects(
      shop.run({
        asOfUs,
        publish: 'never',
        signal: controller.signal,
        onProgress: ({ event }) => event === 'planned' && controller.abort(),
      }),
      refused('interrupted'),
    )
    const [planned] = shop.app.store().catalog.listRuns()
    assert.match(texts(await page(shop, planned?.id as string)), /planned, and not finished.*Not shown: the run is not finished/)
    const { run } = await shop.run()
    rmSync(join(shop.app.runs, run), { recursive: true })
    assert.match(texts(await page(shop, run)), /32 planned = .*Not shown: the files of the run are gone.*The folder of the run is gone/)
  }))

test('the commands write it: whole, or say why not', async () => {
  const file = join(folder, 'run.html')
  const state = ['--state', join(folder, 'commands')]
  const ran = await prescore(['run', 'spend', '--as-of', '2026-03-10T12:00:00Z', '--html', file, '--json', '--project', folder, ...state])
  assert.equal(ran.code, 0, ran.stderr)
  const { run } = JSON.parse(ran.stdout) as { run: string }
  const first = readFileSync(file, 'utf8')
  assertWellFormed(first)
  const shown = await prescore(['runs', 'show', run.slice(0, 12), '--html', file, '--project', folder, ...state])
  assert.deepEqual([shown.code, shown.stdout], [0, `Written: ${file}\n`])
  assert.equal(readFileSync(file, 'utf8'), first)
  const nowhere = await prescore(['runs', 'show', run, '--html', join(folder, 'no/where.html'), '--project', folder, ...state])
  assert.equal(nowhere.code, 1)
  assert.match(nowhere.stderr, /file_unwritable.*no\/where\.html/)
  assert.deepEqual(
    readdirSync(folder).filter(name => name.includes('.tmp')),
    [],
  )
  assert.ok(existsSync(file))
})

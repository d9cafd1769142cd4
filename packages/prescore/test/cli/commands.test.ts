/** Every command once, as a process: exit codes, one JSON document on stdout, and words for a person. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AS_OF, AS_OF_US, CONFIG, changed, expectedAnswers, makeShop, removeShop, writeRows } from '../batch/shop.ts'
import { type Ended, prescore } from './process.ts'

const TRAINING = `training: { rows: orders, asOf: r => r.placed, label: r => r.amount.gt(50) },
      policy:`
let folder: string

before(async () => {
  folder = await makeShop({ config: changed(CONFIG, 'policy:', TRAINING) })
})
after(() => removeShop(folder))

/** A command in the shop's folder. */
const inFolder = (...args: readonly string[]) => prescore(args, { cwd: folder })

/** The one document on stdout. */
function json<T>({ code, stdout, stderr }: Ended, exit = 0): T {
  assert.equal(code, exit, stderr + stdout)
  assert.equal(stdout.trimEnd().split('\n').length, 1, stdout)
  assertNoStack(stderr)
  return JSON.parse(stdout) as T
}

function text({ code, stdout, stderr }: Ended, exit = 0): string {
  assert.equal(code, exit, stderr + stdout)
  assertNoStack(stdout + stderr)
  return stdout
}

/** No stack, and no colours on what is not a terminal. */
function assertNoStack(printed: string): void {
  assert.doesNotMatch(printed, /\n\s+at |node:internal/)
  assert.ok(!printed.includes('\x1b['))
}

interface Outcome {
  readonly run: string
  readonly release: string
  readonly state: string
  readonly unchanged: boolean
}

test('dataset: a file, and what is in it', async () => {
  const out = join(folder, 'train.parquet')
  const report = json<{ rows: number; features: string[]; featureHash: string }>(
    await inFolder('dataset', 'spend', '--out', out, '--until', AS_OF, '--json'),
  )
  assert.deepEqual(report.features, ['orders', 'total', 'largest', 'hour'])
  assert.ok(report.rows > 300)
  assert.equal(readFileSync(out).subarray(0, 4).toString(), 'PAR1')
  assert.match((await inFolder('dataset', 'spend')).stderr, /wrong_use.*--out/)
})

test('release, run, runs, get, publish and rollback, one after the other', async () => {
  const released = json<{ release: string; created: boolean; model: { bytes: number } }>(await inFolder('release', 'spend', '--json'))
  assert.deepEqual([released.created, released.model.bytes], [true, readFileSync(join(folder, 'model.onnx')).length])
  assert.match(
    text(await inFolder('release', 'spend')),
    /^Already frozen: release [0-9a-f]{12} of spend\n {2}features .*\n {2}model .* features float64\[\?, 4\]\n {2}runtime {3}ONNX Runtime: the tree runtime does not run it \(no trees\)\n$/,
  )

  const never = json<{ error: { code: string; fix: string } }>(await inFolder('get', 'spend', 'c0', '--json'), 75)
  assert.deepEqual(never.error, { ...never.error, code: 'nothing_published' })

  const first = json<Outcome>(await inFolder('run', 'spend', '--as-of', '2026-03-10T11:00:00Z', '--json'))
  assert.deepEqual([first.state, first.unchanged, first.release], ['published', false, released.release])
  const ran = await inFolder('run', 'spend', '--as-of', AS_OF)
  assert.match(
    text(ran),
    /^Run [0-9a-f]{12} is published\.\n {2}release .*\n {2}rows {5}31 planned = 31 ok \+ 0 rejected\n(.*\n)+ {2}digest/,
  )
  assert.match(ran.stderr, /^run [0-9a-f]{12} planned: 31 rows as of 2026-03-10T12:00:00\.000000Z\n/)
  assert.match(text(await inFolder('run', 'spend', '--as-of', AS_OF)), /^Nothing to do: run [0-9a-f]{12} is published\./)

  const { runs } = json<{ runs: { id: string; state: string; asOf: string; dataThrough: string }[] }>(await inFolder('runs', '--json'))
  assert.deepEqual(runs.map(({ state, asOf }) => [state, asOf]).sort(), [
    ['published', '2026-03-10T12:00:00.000000Z'],
    ['retired', '2026-03-10T11:00:00.000000Z'],
  ])
  const second = runs.find(({ state }) => state === 'published') as (typeof runs)[number]
  assert.equal(second.dataThrough, '2026-03-10T11:55:00.000000Z')
  assert.match(text(await inFolder('runs')), /^run +prediction +as of +state +answers +release\n[0-9a-f]{12} +spend/)
  assert.equal(text(await inFolder('runs', 'list')), text(await inFolder('runs')))
  assert.match(
    text(await inFolder('runs', second.id.slice(0, 12))),
    new RegExp(`^Run ${second.id} is published, and served\\.\n {2}prediction {4}spend\n`),
  )

  const answer = json<{ value: number; source: string; run: string; ageSeconds: number }>(
    await inFolder('get', 'spend', 'customer=c0', '--now', '2026-03-10T12:30:00Z', '--json'),
  )
  assert.deepEqual([answer.value, answer.source, answer.run], [expectedAnswers().get('c0'), 'store', second.id])
  assert.ok(answer.ageSeconds >= 1800 && answer.ageSeconds < 1860)
  assert.match(
    text(await inFolder('get', 'spend', 'c0', '--now', '2026-03-12T12:00:00Z')),
    /^prediction +spend\nvalue +13097651882\nsource +stale\n(.*\n)*degraded +true\nreason +\{"code":"stale"/,
  )

  const back = json<{ run: string; earlier: string[] }>(await inFolder('rollback', 'spend', '--json'))
  assert.deepEqual([back.run, back.earlier], [first.run, []])
  assert.match(
    text(await inFolder('run', 'spend', '--as-of', AS_OF)),
    /is retired\.(.*\n)+It was served before; `prescore publish [0-9a-f]{12}` serves it again\.\n$/,
  )
  assert.match(
    (await inFolder('run', 'spend', '--as-of', '2026-03-10T10:00:00Z')).stderr,
    /earlier_as_of.*found as-of 2026-03-10T10:00:00.*expected 2026-03-10T11:00:00.* or later/,
  )
  const early = await inFolder('run', 'spend', '--as-of', '2026-03-10T10:00:00Z', '--publish', 'latest')
  assert.match(
    text(early),
    /^Run [0-9a-f]{12} is staged\.(.*\n)+Run [0-9a-f]{12} is served, of a later as-of: 2026-03-10T11:00:00\.000000Z\. `prescore publish [0-9a-f]{12} --force --reason "…"` serves/,
  )
  const earlyRun = (/^Run ([0-9a-f]{12})/.exec(early.stdout) as RegExpExecArray)[1] as string
  assert.match((await inFolder('publish', earlyRun)).stderr, /earlier_as_of/)
  assert.match((await inFolder('publish', earlyRun, '--force')).stderr, /wrong_use.*--force.*no --reason/)
  assert.equal(json<{ error: { code: string } }>(await inFolder('rollback', 'spend', '--json'), 1).error.code, 'nothing_to_roll_back')
  assert.match(
    text(await inFolder('publish', second.id.slice(0, 10))),
    new RegExp(`^Run ${second.id.slice(0, 12)} of spend is served\\.\n$`),
  )
})

test('runs: show, diff and export', async () => {
  const state = ['--state', join(folder, 'looked-at')]
  const [first, second] = [
    json<Outcome>(await inFolder('run', 'spend', '--as-of', '2026-03-09T12:00:00Z', '--json', ...state)),
    json<Outcome>(await inFolder('run', 'spend', '--as-of', AS_OF, '--json', ...state)),
  ]
  json(await inFolder('rollback', 'spend', '--reason', 'the feed was late', '--json', ...state))
  const shown = text(await inFolder('runs', 'show', second.run.slice(0, 12), ...state))
  assert.match(shown, /^Run [0-9a-f]{64} is retired\.\n(.*\n)* {2}source +orders: 403 rows in 1 file \(.* kB\)\n/)
  assert.match(shown, / {2}shards +score: 1 of 1 done, .* each\n(.*\n)* {2}retired +2.*Z, by a rollback, by .+: the feed was late\n$/)
  const details = json<{ serving: { reason?: string }[]; plan: { population: { rows: number } }; isServed: boolean }>(
    await inFolder('runs', 'show', first.run, '--json', ...state),
  )
  assert.deepEqual([details.serving.at(-1)?.reason, details.plan.population.rows, details.isServed], ['the feed was late', 31, true])
  const diff = text(await inFolder('runs', 'diff', first.run, second.run, '--features', '--top', '2', ...state))
  assert.match(
    diff,
    /^From run [0-9a-f]{12} to [0-9a-f]{12} of spend:\n {2}keys +\d+ same, \d+ moved, 0 lost, 0 gained, 0 removed, 0 added\n/,
  )
  assert.match(diff, /\nMoved most:\n {2}\{"customer":"c\d+"\} .* → .*\n(.*\n)+Features that moved:\n/)
  assert.equal(
    json<{ moved: object[] }>(await inFolder('runs', 'diff', first.run, second.run, '--top', '2', '--json', ...state)).moved.length,
    2,
  )
  const exported = await inFolder('runs', 'export', second.run, '--out', join(folder, 'out.csv'), ...state)
  assert.match(text(exported), /^31 rows × 8 columns of run [0-9a-f]{12} in .*out\.csv, .* kB\n$/)
})

test('exit code 3: stopped by a gate, each time; publishing by hand', async () => {
  const project = join(folder, 'strict.ts')
  writeFileSync(project, changed(CONFIG, 'coverage: 0.9', 'coverage: 0.9, missing: { largest: 0 }'))
  const strict = (...args: readonly string[]) => inFolder(...args, '--project', project, '--state', join(folder, 'strict'))
  const stopped = json<Outcome>(await strict('run', 'spend', '--as-of', AS_OF, '--json'), 3)
  assert.equal(stopped.state, 'gated')
  assert.match(
    text(await strict('run', 'spend', '--as-of', AS_OF), 3),
    /^Nothing to do: run .* is gated\.(.*\n)+.*failed missing\.largest: 3\.23 % .*; at most 0 % asked for\n(.*\n)+The run before is served on; .*prescore publish/,
  )
  assert.match((await strict('run', 'spend', '--as-of', AS_OF, '--publish', 'force')).stderr, /wrong_use.*force.*no --reason/)
  text(await strict('publish', stopped.run, '--reason', 'small shop'))
  assert.match(text(await strict('runs', stopped.run)), / {2}published +2.*Z, by .+: small shop\n$/)
  assert.equal(json<Outcome>(await strict('run', 'spend', '--as-of', AS_OF, '--json')).state, 'published')
})

test('--json: what happens on the way is one event a line on stderr', async () => {
  const { code, stdout, stderr } = await inFolder('run', 'spend', '--as-of', AS_OF, '--json', '--state', join(folder, 'events'))
  assert.equal(code, 0)
  const events = stderr
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as { event: string; stage?: string; done?: number; total?: number; run?: string })
  assert.deepEqual([...new Set(events.map(({ event }) => event))], ['released', 'planned', 'rows', 'gates'])
  assert.deepEqual([...new Set(events.map(({ stage }) => stage))].filter(Boolean), ['features', 'score', 'stage'])
  assert.equal(events.find(({ event }) => event === 'planned')?.run, (JSON.parse(stdout) as Outcome).run)
  assert.deepEqual(events.filter(({ stage }) => stage === 'score').at(-1), {
    ...events.filter(({ stage }) => stage === 'score').at(-1),
    done: 31,
    total: 31,
  })
})

test('run --dry-run, and then the run; a backfill; and what is no longer needed', async () => {
  const state = ['--state', join(folder, 'estimated')]
  const estimated = text(await inFolder('run', 'spend', '--as-of', AS_OF, '--dry-run', '--hour-price', '36', ...state))
  assert.match(
    estimated,
    /^Run [0-9a-f]{12} would score 31 rows; from 31 of them:\n {2}time +.* s \(plan .*, features .*, score .*, stage .*\)\n/,
  )
  assert.match(estimated, /\n {2}on disk +.*\n {2}memory +up to .* MB\n {2}cost +0\.0\d+\n$/)
  assert.match(text(await inFolder('run', 'spend', '--as-of', AS_OF, ...state)), /\n {2}expected +.* s \(.*\), .* MB of memory \(.*\)\n/)
  const again = text(await inFolder('run', 'spend', '--as-of', AS_OF, '--dry-run', ...state))
  assert.match(again, /^Nothing to do: run [0-9a-f]{12} is published\.\n$/)
  const told = json<{ finished: boolean }>(await inFolder('run', 'spend', '--as-of', AS_OF, '--dry-run', '--json', ...state))
  assert.equal(told.finished, true)
  const range = ['--from', '2026-03-10T09:00:00Z', '--to', '2026-03-10T10:30:00Z', '--every', '1h']
  const before = text(await inFolder('runs', ...state))
  const dry = await inFolder('run', 'spend', ...range, '--dry-run', '--hour-price', '36', ...state)
  assert.match(
    text(dry),
    /^A backfill of 2 runs, each as the last of them: 31 rows as of 2026-03-10T10:00:00\.000000Z\.\n {2}time +.* s \(.* s each, one after the other\)\n {2}on disk .*\n {2}memory .*\n {2}cost +0\.0\d+\n$/,
  )
  assert.equal(text(await inFolder('runs', ...state)), before)
  const filled = await inFolder('run', 'spend', ...range, ...state)
  assert.match(
    text(filled),
    /^[0-9a-f]{12} {2}2026-03-10T09:00:00\.000000Z {2}staged {2}31 of 31 rows\n[0-9a-f]{12} {2}2026-03-10T10:00.*\n$/,
  )
  assert.match(filled.stderr, /run 1 of 2\n(.*\n)+run 2 of 2\n/)
  assert.match(
    text(await inFolder('runs', 'prune', '--keep', '1', '--dry-run', ...state)),
    /^To be removed: 0 runs and 0 leftovers, 0 bytes\.\n$/,
  )
})

test('--publish never: staged, exit code 0, and how to go on', async () => {
  const staged = await inFolder('run', 'spend', '--as-of', AS_OF, '--publish', 'never', '--state', join(folder, 'never'))
  assert.match(text(staged), /^Run [0-9a-f]{12} is staged\.(.*\n)+`prescore publish [0-9a-f]{12}` serves it\.\n$/)
})

test('keys beyond 2^53 keep their digits', async () => {
  const config = `import { defineProject, entity, onnx, prediction, table } from 'prescore'
const accounts = table({ files: 'accounts.parquet', columns: { account: 'int64' } })
const account = entity({ account: 'int64' })
export default defineProject({ sources: { accounts }, predictions: { spend: prediction({
  entity: account, zone: 'UTC', features: s => ({ a: s.asOf.hourOfDay(), b: s.asOf.hourOfDay(), c: s.asOf.hourOfDay(), d: s.asOf.hourOfDay() }),
  model: onnx('model.onnx', { output: 'values[0]' }), population: accounts.keys(account), policy: { mode: 'batch' } }) } })`
  const accounts = await makeShop({ config })
  await writeRows(join(accounts, 'accounts.parquet'), 'SELECT 9007199254740993::BIGINT AS account')
  json(await prescore(['run', 'spend', '--as-of', AS_OF, '--json'], { cwd: accounts }))
  const { stdout } = await prescore(['get', 'spend', '9007199254740993', '--json'], { cwd: accounts })
  removeShop(accounts)
  assert.match(stdout, /"key":\{"account":9007199254740993\},"value":12012012012,/)
  assert.match(stdout, /"dataThrough":null/)
})

test('errors: one sentence, what to do, the right exit code, and no stack', async () => {
  const cases: readonly (readonly [args: readonly string[], exit: number, words: RegExp])[] = [
    [['run', 'spent', '--as-of', AS_OF], 1, /unknown_prediction.*`spent`.*\n.*Did you mean `spend`\?/],
    [['run', 'spend', '--as-of', '2026-03-10'], 2, /wrong_use.*--as-of.*"2026-03-10".*zone/],
    [['run', 'spend', '--publish', 'now'], 2, /wrong_use.*--publish.*now.*gated, latest, never, force/],
    [['get', 'spend', 'nobody', '--state', 'none'], 75, /nothing_published/],
    [['get', 'spend', 'customer=c0', 'hour=3'], 1, /invalid_key.*`hour`/],
    [['get', 'spend', 'c0', 'c1'], 2, /wrong_use.*customer=…/],
    [['runs', 'ffff'], 1, /run_not_found.*ffff/],
    [['publish', 'ffff'], 1, /run_not_found/],
    [['run', 'spend', '--from', AS_OF], 2, /wrong_use.*--from, --to and --every together/],
    [['run', 'spend', '--from', AS_OF, '--to', AS_OF, '--every', '1d', '--plan'], 2, /wrong_use.*--from, --to, --every; found --plan/],
    [['run', 'spend', '--from', AS_OF, '--to', AS_OF, '--every', 'day'], 2, /wrong_use.*--every.*day/],
    [['run', 'spend', '--hour-price', 'much'], 2, /wrong_use.*--hour-price.*much/],
    [['runs', 'prune', '--older-than', 'long'], 2, /wrong_use.*--older-than.*long/],
    [['runs', 'diff', 'ffff'], 2, /wrong_use.*runs diff.*2 runs/],
    [['runs', 'export', 'ffff', '--out', 'x.xls'], 2, /wrong_use.*--out.*x\.xls.*\.parquet, \.csv, \.ndjson/],
    [['check', '--project', 'nowhere'], 1, /project_not_found.*nowhere/],
    [['serve', '--port', '70000'], 2, /wrong_use.*--port.*70000/],
  ]
  const results = await Promise.all(cases.map(([args]) => inFolder(...args)))
  results.forEach(({ code, stdout, stderr }, i) => {
    const [args, exit, words] = cases[i] as (typeof cases)[number]
    assert.equal(code, exit, args.join(' '))
    assert.match(stderr, words, args.join(' '))
    assert.equal(stdout, '')
    assertNoStack(stderr)
  })
})

test('a project file with a mistake: the line, and no stack', async () => {
  const project = join(folder, 'mistake.ts')
  const text = changed(CONFIG, 'export default', 'nonsense()\nexport default')
  writeFileSync(project, text)
  const { code, stderr } = await inFolder('check', '--project', project)
  assert.equal(code, 1)
  assert.match(stderr, /project_invalid: .*mistake\.ts, line 23; found nonsense is not defined/)
  assertNoStack(stderr)
})

test('without --as-of, a run is of now', async () => {
  const now = Date.now() * 1000
  const outcome = json<Outcome>(await inFolder('run', 'spend', '--publish', 'never', '--json', '--state', join(folder, 'now')))
  const { runs } = json<{ runs: { id: string; asOf: string }[] }>(await inFolder('runs', '--json', '--state', join(folder, 'now')))
  const asOfUs = Date.parse(runs.find(({ id }) => id === outcome.run)?.asOf ?? '') * 1000
  assert.ok(asOfUs >= now - 1000 && asOfUs < now + 600_000_000 && asOfUs > AS_OF_US)
})

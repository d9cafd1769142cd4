/**
 * Where rows have their features themselves, one round of workers holds all shards scored, and each is written and claimed when the
 * store takes it. Killed with −9 anywhere in it, again and again, a run comes to the digest of one that was left alone.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readdirSync, readFileSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { pruneRuns, type RunOutcome } from '../../src/batch/index.ts'
import type { ScoreManifest } from '../../src/batch/stages/score-manifest.ts'
import { inShop, type OpenShop, storedCount } from '../batch/harness.ts'
import { CONFIG } from '../batch/own-shop.ts'
import { AS_OF, changed, makeShop, removeShop, writeRows } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { start, until } from '../cli/process.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 60 : 8
/** Kills of one state, before it is left alone. */
const KILLS_A_STATE = 4
const SHARDS = 12
const ROWS = 60_000
/** Of the rows, those without a value. */
const REJECTED = 4
const DAY_US = 86_400_000_000

let folder: string
let undisturbed: RunOutcome
let undisturbedMs: number

before(async () => {
  folder = await makeShop({ config: changed(CONFIG, `policy: { mode: 'batch' },`, `policy: { mode: 'batch' }, gates: { coverage: 0.9 },`) })
  const columns = `i AS id, 'n' || i AS name, i % 3 AS part, CASE WHEN i % 15000 = 7 THEN 'Infinity'::DOUBLE ELSE i / 7.0 END AS a,
    CASE WHEN i % 10 > 0 THEN i END::DOUBLE AS b, i % 100 AS c, true AS flag, 'b' AS word`
  await writeRows(join(folder, 'rows.parquet'), `SELECT ${columns} FROM range(${ROWS}) t(i)`)
  const startedMs = performance.now()
  const { code, stdout, stderr } = await run('undisturbed').ended
  undisturbedMs = performance.now() - startedMs
  assert.equal(code, 0, stderr)
  undisturbed = JSON.parse(stdout) as RunOutcome
  assert.deepEqual([undisturbed.report.ok, undisturbed.report.rejected], [ROWS - REJECTED, { value_not_finite: REJECTED }])
})
after(() => removeShop(folder))

function run(state: string) {
  const where = ['--project', folder, '--state', join(folder, state)]
  return start(['run', 'number', '--as-of', AS_OF, '--shards', String(SHARDS), '--threads', '2', '--json', ...where])
}

const runFolder = (state: string) => join(folder, state, 'runs', undisturbed.run)

/** By shard, the DONE that there is; what it names is there too. */
function doneOf(state: string): ReadonlyMap<string, string> {
  const files = globSync('score/*/DONE', { cwd: runFolder(state) })
  const done = new Map(files.map(file => [file, readFileSync(join(runFolder(state), file), 'utf8')]))
  for (const [file, text] of done) assert.ok(existsSync(join(runFolder(state), file, '..', (JSON.parse(text) as ScoreManifest).file)), file)
  return done
}

/** Files whose appearance says how far a run has come. */
const MARKS = ['plan.json', 'table/DONE', 'score/0/*', ...[0, 1, 5, SHARDS - 1].map(shard => `score/${shard}/DONE`)]

/** Kills at some moment: of the clock, or a little after a mark. A run that ends before is not killed. */
async function runAndKill(state: string, chance: () => number): Promise<boolean> {
  const { child, ended } = run(state)
  const mark = MARKS[Math.floor(chance() * 1.3 * MARKS.length)]
  const isThere = () => mark === undefined || globSync(mark, { cwd: runFolder(state) }).length > 0
  await until(() => isThere() || child.exitCode !== null)
  const delayMs = chance() * (mark === undefined ? undisturbedMs : 15)
  await new Promise(resolve => setTimeout(resolve, delayMs))
  child.kill('SIGKILL')
  return (await ended).code === null
}

/** What killed attempts have left is old by now, and goes; each shard has one DONE and what it names, and nothing is temporary. */
async function assertTidied({ app }: OpenShop, state: string): Promise<void> {
  for (const file of globSync('**', { cwd: runFolder(state) })) utimesSync(join(runFolder(state), file), 1, 1)
  const request = { keep: 10, olderThanUs: DAY_US, nowUs: Date.now() * 1000, isDryRun: false }
  assert.deepEqual((await pruneRuns(await app.place(), request)).runs, [])
  const done = doneOf(state)
  assert.equal(done.size, SHARDS)
  for (const [file, text] of done)
    assert.deepEqual(readdirSync(join(runFolder(state), file, '..')).sort(), ['DONE', (JSON.parse(text) as ScoreManifest).file].sort())
  const names = readdirSync(runFolder(state)).map(name => name.replace(/-.*\./, '.'))
  assert.deepEqual(names.sort(), ['plan.json', 'population.parquet', 'score', 'table'])
  assert.deepEqual(globSync('**/*.tmp', { cwd: join(folder, state) }), [])
}

test(`${KILLS} kills`, async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  let [killed, between] = [0, 0]
  for (let n = 0; n < KILLS / KILLS_A_STATE; n++) {
    const state = `state-${n}`
    let before = new Map<string, string>() as ReadonlyMap<string, string>
    for (let kill = 0; kill < KILLS_A_STATE; kill++) {
      if (await runAndKill(state, chance)) killed++
      const done = doneOf(state)
      for (const [file, text] of before) assert.equal(done.get(file), text, `${file} is another one`)
      before = done
      if (done.size > 0 && done.size < SHARDS) between++
      await inShop(
        folder,
        async ({ app }) => {
          for (const { run } of app.store().predictions.list()) assert.equal(storedCount(app, run), undisturbed.report.ok)
        },
        { state: join(folder, state) },
      )
    }
    await inShop(
      folder,
      async shop => {
        const outcome = await shop.run({ prediction: 'number', shards: SHARDS, threads: 2 })
        assert.deepEqual([outcome.run, outcome.state, outcome.report.digest], [undisturbed.run, 'published', undisturbed.report.digest])
        assert.deepEqual([outcome.report.ok, outcome.report.rejected], [undisturbed.report.ok, undisturbed.report.rejected])
        assert.equal(storedCount(shop.app, outcome.run), undisturbed.report.ok)
        for (const [file, text] of before) assert.equal(doneOf(state).get(file), text, `${file} is another one`)
        await assertTidied(shop, state)
      },
      { state: join(folder, state) },
    )
  }
  t.diagnostic(`${killed} of ${KILLS} were killed before they ended, ${between} with some of the shards done`)
  assert.ok(killed > 0)
})

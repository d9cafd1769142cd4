/** Files as outputs: written with each publish and rollback, once for each, and what a failure does. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { publishRun, rollbackRun } from '../../src/batch/index.ts'
import { prescore } from '../cli/process.ts'
import { inShop } from './harness.ts'
import { AS_OF, AS_OF_US, CONFIG, changed, expectedAnswers, makeShop, removeShop } from './shop.ts'

const HOUR_US = 3_600_000_000
const OUTPUTS = `gates: { coverage: 0.9 },
      outputs: { latest: file({ path: 'out/latest.csv' }), each: file({ path: 'out/each/{asOf}.ndjson', features: true }) }`
let folder: string

before(async () => {
  const config = changed(changed(CONFIG, 'gates: { coverage: 0.9 }', OUTPUTS), 'events, fn,', 'events, file, fn,')
  folder = await makeShop({ config })
})
after(() => removeShop(folder))

const latest = () => readFileSync(join(folder, 'out/latest.csv'), 'utf8')

test('each publish writes the files, a rollback too, and nothing is written twice', () =>
  inShop(
    folder,
    async ({ app, run }) => {
      const staged = await run({ asOfUs: AS_OF_US - HOUR_US, publish: 'never' })
      assert.deepEqual([staged.outputs, existsSync(join(folder, 'out'))], [{}, false])
      const first = await publishRun(await app.place(), staged.run)
      assert.deepEqual([first.outputs.latest?.state, first.outputs.each?.state, first.outputs.each?.rows], ['written', 'written', 31])
      assert.ok(latest().includes(staged.run))
      const second = await run()
      assert.equal(second.outputs.each?.target, 'out/each/2026-03-10T120000.000000Z.ndjson')
      assert.ok(latest().includes(second.run))
      assert.deepEqual(readdirSync(join(folder, 'out')).sort(), ['each', 'latest.csv'])
      assert.deepEqual(readdirSync(join(folder, 'out/each')).sort(), [
        '2026-03-10T110000.000000Z.ndjson',
        '2026-03-10T120000.000000Z.ndjson',
      ])
      const rows = readFileSync(join(folder, 'out/each/2026-03-10T120000.000000Z.ndjson'), 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line) as { key_customer: string; value: number; feature_hour: number })
      assert.deepEqual(new Map(rows.map(({ key_customer, value }) => [key_customer, value])), new Map([...expectedAnswers()].sort()))
      assert.deepEqual([...new Set(rows.map(({ feature_hour }) => feature_hour))], [13])
      const { mtimeMs } = statSync(join(folder, 'out/latest.csv'))
      assert.deepEqual((await run()).outputs, second.outputs)
      assert.equal(statSync(join(folder, 'out/latest.csv')).mtimeMs, mtimeMs)
      await rollbackRun(await app.place(), 'spend')
      assert.ok(latest().includes(staged.run))
    },
    { state: join(folder, 'written') },
  ))

test('an output that has moved since is written to its new place', async () => {
  const moved = await makeShop({
    config: changed(changed(CONFIG, 'gates: { coverage: 0.9 }', OUTPUTS), 'events, fn,', 'events, file, fn,'),
  })
  try {
    const run = () => prescore(['run', 'spend', '--as-of', AS_OF], { cwd: moved })
    assert.equal((await run()).code, 0)
    const project = join(moved, 'prescore.config.ts')
    writeFileSync(project, readFileSync(project, 'utf8').replace('out/latest.csv', 'elsewhere/latest.csv'))
    const { stdout } = await run()
    assert.match(stdout, / {2}output +latest: written 31 rows to elsewhere\/latest\.csv\n/)
    assert.ok(existsSync(join(moved, 'elsewhere/latest.csv')))
  } finally {
    removeShop(moved)
  }
})

test('a file that cannot be written: the run is served, the record says why, exit code 1, and the command repeated goes on', async () => {
  rmSync(join(folder, 'out'), { recursive: true })
  writeFileSync(join(folder, 'out'), 'a file in the place of the folder')
  const state = ['--state', join(folder, 'failed')]
  const failed = await prescore(['run', 'spend', '--as-of', AS_OF, ...state], { cwd: folder })
  assert.equal(failed.code, 1, failed.stderr)
  assert.match(failed.stdout, /^Run [0-9a-f]{12} is published\.\n(.*\n)+ {2}output +latest: failed to out\/latest\.csv: file_unwritable: /)
  rmSync(join(folder, 'out'))
  const again = await prescore(['run', 'spend', '--as-of', AS_OF, ...state], { cwd: folder })
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stdout, / {2}output +latest: written 31 rows to out\/latest\.csv\n/)
  const { stdout } = await prescore(['runs', '--json', ...state], { cwd: folder })
  const [{ id }] = (JSON.parse(stdout) as { runs: [{ id: string }] }).runs
  const shown = await prescore(['runs', 'show', id, ...state], { cwd: folder })
  assert.match(shown.stdout, / {2}output +each: written 31 rows to out\/each\/2026-03-10T120000\.000000Z\.ndjson\n/)
})

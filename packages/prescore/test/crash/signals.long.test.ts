/** Ctrl-C, SIGTERM and workers that die: the exit code says whether to repeat, nothing half-written is visible, and a repeated run goes on. */
import assert from 'node:assert/strict'
import { existsSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { assertAnswers, inShop } from '../batch/harness.ts'
import { AS_OF, CONFIG, changed, expectedAnswers, makeShop, removeShop, shopOrders } from '../batch/shop.ts'
import { prescore, start, until } from '../cli/process.ts'

const customers = Array.from({ length: 3_000 }, (_, i) => ({ customer: `c${i}`, active: true }))
const expected = expectedAnswers(shopOrders(), customers)
let folder: string

before(async () => {
  folder = await makeShop({ customers })
})
after(() => removeShop(folder))

const TRAINING = `training: {
        rows: orders,
        asOf: r => r.placed,
        next: orders.by(customer).next('7d').features(f => ({ spent: f.sum('amount') })),
        label: (_, next) => next.spent,
      },
      population: customers`

/** A gate that takes longer than any test. */
const UNENDING = 'SELECT a.range FROM range(2000000000) a, range(2000000000) b WHERE (a.range * b.range) % 7 = 9'

const runArgs = (state: string) => ['run', 'spend', '--as-of', AS_OF, '--shards', '4', '--threads', '2', '--state', join(folder, state)]

for (const [mark, signal] of [
  ['releases/*/release.json', 'SIGTERM'],
  ['runs/*/plan.json', 'SIGINT'],
  ['runs/*/features/*/DONE', 'SIGTERM'],
  ['runs/*/score/*/DONE', 'SIGINT'],
] as const) {
  test(`${signal} once there is ${mark}: 75, or done; repeated, it is whole`, async () => {
    const state = mark.replaceAll(/\W+/g, '-')
    const { child, ended } = start(runArgs(state), { cwd: folder })
    await until(() => globSync(mark, { cwd: join(folder, state) }).length > 0 || child.exitCode !== null)
    child.kill(signal)
    const { code, stderr, stdout } = await ended
    if (code !== 0) {
      assert.equal(code, 75, stderr)
      assert.match(stderr, /error interrupted: .*\n {4}→ Repeat the command: finished work is kept\.\n$/)
      assert.equal(stdout, '')
    }
    await inShop(
      folder,
      async shop => {
        const served = shop.app.store().catalog.pointer('spend')
        if (code !== 0) assert.equal(served, undefined)
        const { run, state } = await shop.run({ shards: 4 })
        assert.equal(state, 'published')
        assertAnswers(shop, run, expected)
      },
      { state: join(folder, state) },
    )
  })
}

test('a run without --as-of that is interrupted says with which to repeat it', async () => {
  const state = join(folder, 'now')
  const project = join(folder, 'unending.ts')
  writeFileSync(project, changed(CONFIG, 'gates: { coverage: 0.9 }', `gates: { sql: { unending: '${UNENDING}' } }`))
  const { child, ended } = start(['run', 'spend', '--project', project, '--state', state])
  await until(() => globSync('runs/*/plan.json', { cwd: state }).length > 0 || child.exitCode !== null)
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  assert.equal(code, 75, stderr)
  assert.match(stderr, /→ Repeat it with --as-of 20\d\d-\d\d-\d\dT[\d:.]+Z: finished work is kept\.\n$/)
})

test('a command that has nothing to end in order ends at once; a run that cannot end in order is cut off', async () => {
  const project = join(folder, 'endless.ts')
  writeFileSync(project, `process.stderr.write('loading')\nawait new Promise(resolve => setTimeout(resolve, 600_000))\n${CONFIG}`)
  const ends = await Promise.all(
    [['check'], ['run', 'spend', '--json']].map(async args => {
      const { child, printed, ended } = start([...args, '--project', project])
      await until(() => printed.stderr.includes('loading'))
      child.kill('SIGTERM')
      return ended
    }),
  )
  assert.deepEqual(
    ends.map(({ code }) => code),
    [75, 75],
  )
  assert.match(ends[0]?.stderr ?? '', /error interrupted: .*prescore check/)
  assert.equal((JSON.parse(ends[1]?.stdout ?? '') as { error: { code: string } }).error.code, 'interrupted')
})

test('a worker without memory left: run_failed, the others stop, nothing is published', async t => {
  const project = join(folder, 'hungry.ts')
  writeFileSync(
    project,
    changed(
      CONFIG,
      'amount === undefined ? undefined : amount / 2',
      '{ const kept: number[][] = []; for (;;) kept.push([amount ?? 0, kept.length]) }',
    ),
  )
  const state = join(folder, 'hungry')
  const { code, stdout } = await prescore(
    ['run', 'spend', '--as-of', AS_OF, '--threads', '2', '--shards', '2', '--json', '--project', project, '--state', state],
    {
      env: { NODE_OPTIONS: '--max-old-space-size=64' },
    },
  )
  if (stdout === '') {
    // Now and then V8 gives up on the whole process before it can end the one thread. That is a kill like any other.
    t.diagnostic('the whole process ran out of memory')
    assert.notEqual(code, 0)
  } else {
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
    assert.deepEqual([code, error.code], [1, 'run_failed'])
    assert.match(error.message, /features, shard \d; .*memory/)
  }
  assert.deepEqual(globSync('runs/*/*/*/*', { cwd: state }), [])
  assert.ok(existsSync(join(state, 'store')))
})

test('a training set that is interrupted leaves nothing beside its file: 75, or done', async () => {
  const place = join(folder, 'sets')
  mkdirSync(place)
  writeFileSync(join(folder, 'trained.ts'), changed(CONFIG, 'population: customers', TRAINING))
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, ended } = start(['dataset', 'spend', '--out', join(place, `${signal}.parquet`), '--project', join(folder, 'trained.ts')])
    await until(() => globSync('*.tmp', { cwd: place }).length > 0 || child.exitCode !== null)
    child.kill(signal)
    const { code, stderr } = await ended
    if (code !== 0) assert.deepEqual([code, globSync('*', { cwd: place })], [75, []], stderr)
    rmSync(join(place, `${signal}.parquet`), { force: true })
    assert.deepEqual(globSync('*', { cwd: place }), [])
  }
})

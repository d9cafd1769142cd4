/** Gates: what they measure, what a stopped run is, and what a repeated run makes of other gates. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { App } from '../../src/app.ts'
import { runBatch } from '../../src/batch/index.ts'
import { assertAnswers, inShop } from './harness.ts'
import { AS_OF_US, CONFIG, changed, expectedAnswers, makeShop, removeShop } from './shop.ts'

let folder: string
const DAY_US = 86_400_000_000

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

/** The shop's project with other gates, over the same state; the same run each time. */
async function withGates(gates: string, state: string, publish: 'gated' | 'never' = 'gated', asOfUs = AS_OF_US) {
  const project = join(folder, `gates${counter++}.ts`)
  writeFileSync(project, changed(CONFIG, 'coverage: 0.9', gates))
  const app = await App.open({ project, state: join(folder, state), threads: 1 })
  try {
    const outcome = await runBatch(await app.place(), { prediction: 'spend', asOfUs, threads: 1, publish })
    return { ...outcome, served: app.store().catalog.pointer('spend')?.run, record: app.store().catalog.getRun(outcome.run) }
  } finally {
    await app.close()
  }
}
let counter = 0

test('missing: of all feature values, or of one feature; a share of exactly the limit passes', async () => {
  // One of 31 customers has no largest order: 1 of 31 values of that feature, 1 of 124 of all.
  const cases = [
    ['missing: 0.0081', [true], /0\.81 % of feature values/],
    ['missing: 0.008', [false], /0\.81 % of feature values/],
    ['missing: { largest: 0.033, hour: 0 }', [true, true], /3\.23 %.*0\.00 %/],
    ['missing: { largest: 0.032 }', [false], /3\.23 % of its values/],
    [`missing: { largest: ${1 / 31} }`, [true], /3\.23 %/],
  ] as const
  for (const [gates, passed, words] of cases) {
    const { state, report } = await withGates(`coverage: 1, ${gates}`, 'missing', 'never')
    const [coverage, ...others] = report.gates
    assert.deepEqual([coverage?.gate, coverage?.passed, coverage?.found], ['coverage', true, '100.00 % of 31 rows have a value'])
    assert.deepEqual(
      others.map(gate => gate.passed),
      passed,
      gates,
    )
    assert.match(others.map(({ found }) => found).join(), words)
    assert.equal(state, passed.every(Boolean) ? 'staged' : 'gated', gates)
  }
})

test('a stopped run stays inspectable, the one before is served on, and publishing it by hand serves it', async () => {
  const first = await withGates('coverage: 1', 'stopped', 'gated', AS_OF_US - DAY_US)
  const stopped = await withGates('coverage: 1, missing: { largest: 0 }', 'stopped')
  assert.deepEqual([first.state, stopped.state, stopped.unchanged], ['published', 'gated', false])
  assert.equal(stopped.served, first.run)
  assert.equal(stopped.record.state, 'gated')
  const again = await withGates('coverage: 1, missing: { largest: 0 }', 'stopped')
  assert.deepEqual([again.state, again.unchanged, again.report], ['gated', true, stopped.report])
  await inShop(
    folder,
    async shop => {
      assertAnswers(shop, stopped.run, expectedAnswers())
      const { catalog } = shop.app.store()
      catalog.publish('spend', stopped.run, first.run)
      assert.equal(catalog.getRun(stopped.run).state, 'published')
      assert.equal(catalog.getRun(first.run).state, 'retired')
      const repeated = await shop.run()
      assert.deepEqual([repeated.run, repeated.state, repeated.unchanged], [stopped.run, 'published', true])
    },
    { state: join(folder, 'stopped') },
  )
})

test('gates are no part of a run: the same run, repeated under others, is judged by those', async () => {
  const stopped = await withGates('coverage: 1, missing: { largest: 0 }', 'regated')
  const looser = await withGates('coverage: 1, missing: { largest: 0.5 }', 'regated', 'never')
  assert.deepEqual([looser.run, looser.state, looser.unchanged], [stopped.run, 'staged', false])
  assert.equal(looser.served, undefined)
  const stricter = await withGates('coverage: 1, missing: { largest: 0.01 }', 'regated')
  assert.deepEqual([stricter.state, stricter.served, stricter.report.gates.at(-1)?.passed], ['gated', undefined, false])
  const published = await withGates('coverage: 1', 'regated')
  assert.deepEqual([published.state, published.served], ['published', stopped.run])
  const late = await withGates('coverage: 1, missing: { largest: 0.01 }', 'regated')
  assert.deepEqual([late.state, late.unchanged, late.served], ['published', true, stopped.run])
})

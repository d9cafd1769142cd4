/** What the catalog must do over every driver. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { POINTER_HISTORY_MAX, type ReleaseRecord, type RunRecord, type RunState, type Store } from '../../src/stores/index.ts'
import type { StoreHarness } from './prediction-store.ts'

export function runRecord(id: string, more: Partial<RunRecord> = {}): RunRecord {
  return {
    id,
    prediction: 'late',
    release: '9f2c',
    asOfUs: 0,
    dataThroughUs: 0,
    state: 'staged',
    createdAtUs: 0,
    updatedAtUs: 0,
    report: null,
    ...more,
  }
}

const release = (id: string, more: Partial<ReleaseRecord> = {}): ReleaseRecord => ({
  id,
  prediction: 'late',
  createdAtUs: 0,
  manifest: {},
  ...more,
})
const rejects = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code

export function catalogSuite(name: string, harness: StoreHarness): void {
  const withCatalog = (what: string, body: (catalog: Store['catalog']) => void | Promise<void>) =>
    test(what, async () => {
      const store = harness.open()
      try {
        await body(store.catalog)
      } finally {
        await harness.end(store)
      }
    })

  describe(`${name}: catalog`, () => {
    withCatalog('finds records by id and by a beginning that only one has', catalog => {
      for (const id of ['b81d00', 'b81dff', 'c0']) catalog.putRun(runRecord(id, { report: { rows: 3, note: 'ü' } }))
      catalog.putRelease(release('9f2c', { manifest: { model: 'late.onnx' } }))
      assert.deepEqual(catalog.getRun('b81d00').report, { rows: 3, note: 'ü' })
      assert.equal(catalog.getRun('b81df').id, 'b81dff')
      assert.equal(catalog.getRun('c').id, 'c0')
      assert.deepEqual(catalog.getRelease('9').manifest, { model: 'late.onnx' })
      assert.throws(() => catalog.getRun('b81d'), rejects('invalid_value'))
      for (const missing of ['b81d000', 'd', '', 'é', 'x'.repeat(3_000)])
        assert.throws(() => catalog.getRun(missing), rejects('run_not_found'))
      assert.throws(() => catalog.getRelease('b'), rejects('release_not_found'))
    })

    withCatalog('prefers the whole id to a longer one that begins with it', catalog => {
      catalog.putRun(runRecord('ab'))
      catalog.putRun(runRecord('abc'))
      assert.equal(catalog.getRun('ab').id, 'ab')
    })

    withCatalog('lists newest first, of one prediction or of all', catalog => {
      for (const [id, prediction, createdAtUs] of [
        ['a', 'late', 1],
        ['b', 'churn', 2],
        ['c', 'late', 3],
      ] as const) {
        catalog.putRun(runRecord(id, { prediction, createdAtUs }))
        catalog.putRelease(release(id, { prediction, createdAtUs }))
      }
      assert.deepEqual(
        catalog.listRuns().map(({ id }) => id),
        ['c', 'b', 'a'],
      )
      assert.deepEqual(
        catalog.listRuns('late').map(({ id }) => id),
        ['c', 'a'],
      )
      assert.deepEqual(
        catalog.listReleases('churn').map(({ id }) => id),
        ['b'],
      )
      assert.deepEqual(catalog.listRuns('nobody'), [])
    })

    withCatalog('changes a run, but into and out of published only by publish', catalog => {
      catalog.putRun(runRecord('a', { state: 'planned' }))
      const changed = catalog.updateRun('a', { state: 'staged', report: { rows: 7 } })
      assert.deepEqual([changed.state, changed.report], ['staged', { rows: 7 }])
      assert.ok(changed.updatedAtUs > 0)
      assert.deepEqual(catalog.getRun('a'), changed)
      catalog.publish('late', 'a', null)
      assert.throws(() => catalog.updateRun('a', { state: 'staged' }), rejects('invalid_value'))
      assert.equal(catalog.updateRun('a', { report: { rows: 8 } }).state, 'published')
      assert.throws(() => catalog.updateRun('b', {}), rejects('run_not_found'))
    })

    withCatalog('publishes by compare-and-swap', catalog => {
      for (const id of ['a', 'b', 'c']) catalog.putRun(runRecord(id))
      assert.equal(catalog.pointer('late'), undefined)
      assert.throws(() => catalog.publish('late', 'a', 'b'), rejects('publish_conflict'))
      const first = catalog.publish('late', 'a', null)
      assert.deepEqual([first.run, first.history, first.sequence], ['a', [], 1])
      assert.throws(() => catalog.publish('late', 'b', null), rejects('publish_conflict'))
      assert.deepEqual(catalog.publish('late', 'b', 'a').history, ['a'])
      assert.throws(() => catalog.publish('late', 'c', 'a'), rejects('publish_conflict'))
      assert.equal(catalog.pointer('late')?.run, 'b')
      assert.deepEqual(
        ['a', 'b', 'c'].map(id => catalog.getRun(id).state),
        ['retired', 'published', 'staged'] satisfies RunState[],
      )
    })

    withCatalog('remembers who published and rolled back, and why', catalog => {
      for (const id of ['a', 'b']) catalog.putRun(runRecord(id))
      catalog.publish('late', 'a', null)
      const pointer = catalog.publish('late', 'b', 'a', { who: 'ann', reason: 'a gate was too strict' })
      assert.deepEqual([pointer.who, pointer.reason], ['ann', 'a gate was too strict'])
      assert.equal(catalog.rollback('late', { who: 'bob' }).who, 'bob')
      const seen = (id: string) => catalog.getRun(id).serving?.map(({ state, by, who, reason }) => [state, by, who, reason])
      assert.deepEqual(seen('a'), [
        ['published', 'publish', undefined, undefined],
        ['retired', 'publish', 'ann', 'a gate was too strict'],
        ['published', 'rollback', 'bob', undefined],
      ])
      assert.deepEqual(seen('b'), [
        ['published', 'publish', 'ann', 'a gate was too strict'],
        ['retired', 'rollback', 'bob', undefined],
      ])
    })

    withCatalog('publishing what is served changes nothing, whoever was expected', catalog => {
      catalog.putRun(runRecord('a'))
      const pointer = catalog.publish('late', 'a', null)
      assert.deepEqual(catalog.publish('late', 'a', null), pointer)
      assert.deepEqual(catalog.publish('late', 'a', 'a'), pointer)
    })

    withCatalog('publishes only finished runs of the prediction', catalog => {
      catalog.putRun(runRecord('planned', { state: 'planned' }))
      catalog.putRun(runRecord('gated', { state: 'gated' }))
      catalog.putRun(runRecord('other', { prediction: 'churn' }))
      assert.throws(() => catalog.publish('late', 'planned', null), rejects('invalid_value'))
      assert.throws(() => catalog.publish('late', 'other', null), rejects('invalid_value'))
      assert.throws(() => catalog.publish('late', 'nobody', null), rejects('run_not_found'))
      assert.equal(catalog.publish('late', 'gated', null).run, 'gated')
    })

    withCatalog('rolls back further and further, and publishes again after', catalog => {
      for (const id of ['a', 'b', 'c', 'd']) catalog.putRun(runRecord(id))
      assert.throws(() => catalog.rollback('late'), rejects('nothing_to_roll_back'))
      catalog.publish('late', 'a', null)
      catalog.publish('late', 'b', 'a')
      catalog.publish('late', 'c', 'b')
      assert.equal(catalog.rollback('late').run, 'b')
      assert.equal(catalog.rollback('late').run, 'a')
      assert.throws(() => catalog.rollback('late'), rejects('nothing_to_roll_back'))
      assert.deepEqual(
        ['a', 'b', 'c'].map(id => catalog.getRun(id).state),
        ['published', 'retired', 'retired'],
      )
      const pointer = catalog.publish('late', 'd', 'a')
      assert.deepEqual([pointer.run, pointer.history, pointer.sequence], ['d', ['a'], 6])
      assert.deepEqual([...catalog.referencedRuns()].sort(), ['a', 'd'])
    })

    withCatalog('prunes what is neither served nor ready for rollback; then it is not published until it is run again', catalog => {
      for (const id of ['a', 'b', 'c']) catalog.putRun(runRecord(id, { report: { rows: 1 } }))
      catalog.publish('late', 'a', null)
      catalog.publish('late', 'b', 'a')
      assert.deepEqual(
        ['a', 'b', 'c'].map(id => catalog.pruneRun(id)),
        [false, false, true],
      )
      assert.deepEqual([catalog.getRun('a').prunedAtUs, typeof catalog.getRun('c').prunedAtUs], [undefined, 'number'])
      assert.throws(() => catalog.publish('late', 'c', 'b'), rejects('invalid_value'))
      assert.throws(() => catalog.pruneRun('d'), rejects('run_not_found'))
      const again = catalog.addRun({ id: 'c', prediction: 'late', release: '9f2c', asOfUs: 0 })
      assert.deepEqual([again.state, again.report, again.prunedAtUs], ['planned', null, undefined])
      catalog.finishRun('c', { state: 'staged', dataThroughUs: 0, report: { rows: 1 } })
      assert.equal(catalog.publish('late', 'c', 'b').run, 'c')
    })

    withCatalog('keeps the pointers of predictions apart', catalog => {
      catalog.putRun(runRecord('a'))
      catalog.putRun(runRecord('b', { prediction: 'late2' }))
      catalog.publish('late', 'a', null)
      catalog.publish('late2', 'b', null)
      assert.deepEqual([catalog.pointer('late')?.run, catalog.pointer('late2')?.run], ['a', 'b'])
      assert.deepEqual([...catalog.referencedRuns()].sort(), ['a', 'b'])
    })

    withCatalog('tells by its snapshot when records may have changed', catalog => {
      catalog.putRun(runRecord('a'))
      const before = catalog.snapshot()
      assert.equal(catalog.snapshot(), before)
      catalog.publish('late', 'a', null)
      assert.notEqual(catalog.snapshot(), before)
    })

    withCatalog('is a stack of runs, whatever the order of publishing and rolling back', catalog => {
      const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
      for (const id of ids) catalog.putRun(runRecord(id))
      let stack: string[] = []
      fc.assert(
        fc.property(fc.array(fc.oneof(fc.constantFrom(...ids), fc.constant('rollback')), { maxLength: 25 }), actions => {
          for (const action of actions) {
            if (action !== 'rollback') {
              catalog.publish('late', action, stack.at(-1) ?? null)
              if (stack.at(-1) !== action) stack = [...stack.filter(id => id !== action), action].slice(-1 - POINTER_HISTORY_MAX)
            } else if (stack.length > 1) {
              catalog.rollback('late')
              stack.pop()
            } else assert.throws(() => catalog.rollback('late'), rejects('nothing_to_roll_back'))
            const pointer = catalog.pointer('late')
            assert.deepEqual(pointer === undefined ? [] : [...pointer.history.toReversed(), pointer.run], stack)
            assert.deepEqual(
              catalog
                .listRuns()
                .filter(({ state }) => state === 'published')
                .map(({ id }) => id),
              stack.slice(-1),
            )
          }
        }),
        { numRuns: 15 },
      )
    })
  })
}

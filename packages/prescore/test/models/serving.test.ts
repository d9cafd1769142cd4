/** Models that serve requests: what piles up is batched, what is late, cancelled or bad harms nobody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { PrescoreError } from '../../src/base/index.ts'
import { openModel, type ServedModel, type ServingOptions, serveModel } from '../../src/models/index.ts'
import type { ModelCase } from '../conformance/runtime.ts'
import { FEATURES, onnxDefinition, recordedCases } from './fixtures.ts'

const PAIR = ['first', 'second']

async function serving(name: string, options: ServingOptions, body: (model: ServedModel) => Promise<void>): Promise<void> {
  const definition = onnxDefinition(name)
  const model = await serveModel(definition.file, definition, name === 'row_mean' ? FEATURES : PAIR, options)
  try {
    await body(model)
  } finally {
    await model.close()
  }
}

const refused = (code: string) => (error: unknown) => error instanceof PrescoreError && error.code === code && error.fix !== ''
const pair = (first: number, second: number) => Float32Array.of(first, second)

/** What `score` throws or rejects with; both are allowed. */
async function assertRefused(score: () => unknown, code: string): Promise<void> {
  await assert.rejects(async () => score(), refused(code))
}

/** Resolves when so many rows are in calls that are under way. */
async function underWay(model: ServedModel, rows: number): Promise<void> {
  while (model.stats.runningRows < rows) await turn()
}

for (const workers of [0, 2]) {
  const place = workers === 0 ? 'inline' : 'in workers'

  test(`${place}: a batch has the bits of its rows alone`, async () => {
    const cases = workers === 0 ? recordedCases() : recordedCases().filter(({ name }) => ['lightgbm', 'columns', 'network'].includes(name))
    for (const each of cases) await assertServed(each, workers)
  })

  test(`${place}: a bad row fails alone`, () =>
    serving('lookup', { workers }, async model => {
      const rows = Array.from({ length: 40 }, (_, i) => (i === 3 || i === 29 ? pair(99, i) : pair(i % 3, i)))
      const results = await Promise.allSettled(rows.map(row => model.score(row)))
      for (const [i, result] of results.entries()) {
        if (i === 3 || i === 29) assert.ok(result.status === 'rejected' && refused('model_failed')(result.reason), `row ${i}`)
        else assert.deepEqual(result, { status: 'fulfilled', value: Float32Array.of(((i % 3) + 1) * 10 + i) })
      }
      assert.equal(model.stats.replaced, 0)
    }))

  test(`${place}: a row whose caller left is not scored`, () =>
    serving('lookup', { workers }, async model => {
      const leaving = new AbortController()
      const left = Promise.resolve(model.score(pair(1, 1), { signal: leaving.signal }))
      const stays = model.score(pair(1, 1), { signal: new AbortController().signal })
      leaving.abort()
      await assert.rejects(left, refused('cancelled'))
      assert.deepEqual(await stays, Float32Array.of(21))
      await turn()
      assert.equal(model.stats.rows, 1)
      await assertRefused(() => model.score(pair(1, 1), { signal: leaving.signal }), 'cancelled')
    }))

  test(`${place}: what is closed refuses, after it answered what was in`, async () => {
    const definition = onnxDefinition('lookup')
    const model = await serveModel(definition.file, definition, PAIR, { workers })
    const scores = [1, 2, 3].map(i => model.score(pair(1, i)))
    await Promise.all([model.close(), model.close()])
    assert.deepEqual(await Promise.all(scores), [Float32Array.of(21), Float32Array.of(22), Float32Array.of(23)])
    await assertRefused(() => model.score(pair(1, 1)), 'model_failed')
    await model.close()
  })
}

async function assertServed({ file, definition, features, rows }: ModelCase, workers: number): Promise<void> {
  const runner = await openModel(file, definition, features)
  const model = await serveModel(file, definition, features, { workers })
  const arrays = rows.map(row => (runner.inputType === 'float32' ? Float32Array.from(row) : Float64Array.from(row)))
  const together = await Promise.all(
    arrays.map(row => {
      const given = row.slice()
      const values = model.score(given)
      given.fill(0)
      return values
    }),
  )
  for (const [i, row] of arrays.entries()) assert.deepEqual(together[i], await runner.run(row, 1), `${file}, row ${i}`)
  assert.deepEqual([model.inputType, model.width, model.wholeFeatures], [runner.inputType, runner.width, runner.wholeFeatures])
  await Promise.all([model.close(), runner.close()])
}

test('a row alone is a call of its own: nothing waits for others', () =>
  serving('lookup', { workers: 0 }, async model => {
    for (let i = 0; i < 5; i++) assert.deepEqual(await model.score(pair(2, i)), Float32Array.of(30 + i))
    assert.equal(model.stats.batches, 5)
  }))

test('what arrives in one turn of the event loop is one call, and so is what piles up behind it', () =>
  serving('lookup', { workers: 0 }, async model => {
    const { rowsMax } = model.stats
    assert.ok(rowsMax >= 8, `calls of ${rowsMax} rows`)
    const first = Array.from({ length: 8 }, (_, i) => model.score(pair(0, i)))
    await underWay(model, 8)
    const second = Array.from({ length: 5 }, (_, i) => model.score(pair(1, i)))
    assert.equal(model.stats.waitingRows, 5)
    await Promise.all([...first, ...second])
    await turn()
    assert.deepEqual([model.stats.batches, model.stats.rows, model.stats.waitingRows], [2, 13, 0])
  }))

test('more rows than may wait are refused, and those that wait are answered', () =>
  serving('lookup', { workers: 0, queueRowsMax: 4 }, async model => {
    const scores = [0, 1, 2, 3].map(i => model.score(pair(0, i)))
    await assertRefused(() => model.score(pair(0, 9)), 'overloaded')
    assert.deepEqual(
      await Promise.all(scores),
      [0, 1, 2, 3].map(i => Float32Array.of(10 + i)),
    )
    assert.equal(model.stats.overloaded, 1)
    assert.deepEqual(await model.score(pair(0, 9)), Float32Array.of(19))
  }))

test('a deadline that passed before the call keeps the row out of it', () =>
  serving('lookup', { workers: 0 }, async model => {
    const soon = performance.now() + 2
    const late = Promise.resolve(model.score(pair(0, 1), { deadlineAtMs: soon }))
    const inTime = model.score(pair(0, 2), { deadlineAtMs: soon + 60_000 })
    while (performance.now() < soon);
    await assert.rejects(late, refused('deadline_exceeded'))
    assert.deepEqual(await inTime, Float32Array.of(12))
    await assertRefused(() => model.score(pair(0, 1), { deadlineAtMs: soon }), 'deadline_exceeded')
    await turn()
    assert.deepEqual([model.stats.rows, model.stats.overdue], [1, 2])
  }))

test('a row that does not fit is refused before it joins others', async () => {
  await serving('lookup', { workers: 0 }, async model => {
    await assertRefused(() => model.score(Float32Array.of(1)), 'invalid_value')
    await assertRefused(() => model.score(Float64Array.of(1, 2)), 'invalid_value')
  })
  const [columns] = recordedCases().filter(({ whole }) => whole.length > 0)
  assert.ok(columns)
  const model = await serveModel(columns.file, columns.definition, columns.features, { workers: 0 })
  const row = Float64Array.from(columns.rows[0] as number[])
  row[model.wholeFeatures[0] as number] = 0.5
  await assertRefused(() => model.score(row), 'lossy_cast')
  await model.close()
})

test('a slow model runs in workers without being told, a fast one inline', async () => {
  await serving('slow', {}, async ({ stats }) => assert.deepEqual([stats.place, stats.callMs > 1], ['workers', true]))
  await serving('lookup', {}, async ({ stats }) => assert.deepEqual([stats.place, stats.workers], ['inline', []]))
})

/** In milliseconds of the slow model, more than any test waits. */
const ENDLESS = pair(1e9, 0)

test('in workers: a deadline is kept while others wait for the same call', () =>
  serving('slow', { workers: 1, callMsMax: 60_000 }, async model => {
    const patient = model.score(pair(20_000, 5))
    await underWay(model, 1)
    const startedMs = performance.now()
    await assertRefused(() => model.score(pair(0, 1), { deadlineAtMs: startedMs + 20 }), 'deadline_exceeded')
    assert.equal(model.stats.runningRows, 1, 'the call was still under way')
    assert.deepEqual(await patient, Float32Array.of(5))
    await assertRefused(() => model.score(pair(20_000, 1), { deadlineAtMs: performance.now() + 20 }), 'deadline_exceeded')
    assert.deepEqual(await model.score(pair(0, 2), { deadlineAtMs: Number.POSITIVE_INFINITY }), Float32Array.of(2))
    assert.equal(model.stats.replaced, 0)
  }))

test('in workers: one whose call never ends is replaced, and its rows fail', () =>
  serving('slow', { workers: 1, callMsMax: 1_000 }, async model => {
    const [pid] = model.stats.workers
    const stuck = Promise.resolve(model.score(ENDLESS))
    await underWay(model, 1)
    const next = model.score(pair(0, 8))
    await assert.rejects(stuck, refused('deadline_exceeded'))
    assert.deepEqual(await next, Float32Array.of(8))
    assert.equal(model.stats.replaced, 1)
    assert.notEqual(model.stats.workers[0], pid)
    assert.throws(() => process.kill(pid as number, 0), 'the old worker is gone')
  }))

test('in workers: one that dies is replaced, its rows fail, the others are answered', () =>
  serving('slow', { workers: 2 }, async model => {
    const stuck = Promise.allSettled([model.score(ENDLESS), model.score(ENDLESS)])
    await underWay(model, 2)
    const waiting = Promise.all([1, 2, 3].map(i => model.score(pair(0, i))))
    for (const pid of model.stats.workers) process.kill(pid, 'SIGKILL')
    for (const result of await stuck) assert.ok(result.status === 'rejected' && refused('model_failed')(result.reason))
    assert.deepEqual(await waiting, [Float32Array.of(1), Float32Array.of(2), Float32Array.of(3)])
    assert.equal(model.stats.replaced, 2)
  }))

test('in workers: where none can be started any more, rows fail and do not hang', async () => {
  const { copyFile, mkdtemp, rm } = await import('node:fs/promises')
  const { tmpdir } = await import('node:os')
  const folder = await mkdtemp(`${tmpdir()}/prescore-serving-`)
  const file = `${folder}/model.onnx`
  await copyFile(onnxDefinition('lookup').file, file)
  const model = await serveModel(file, { ...onnxDefinition('lookup'), file }, PAIR, { workers: 1 })
  await rm(folder, { recursive: true })
  process.kill(model.stats.workers[0] as number, 'SIGKILL')
  while (model.stats.workers.length > 0) await turn()
  await assertRefused(() => model.score(pair(0, 1)), 'model_unreadable')
  await model.close()
})

/** Workers one by one: a task that is refused leaves its worker usable, and a worker that has ended takes no more tasks. */
import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { RunSpec } from '../../src/batch/context.ts'
import { LocalEngine } from '../../src/batch/engines/local.ts'
import { ShardWorker } from '../../src/batch/engines/shard-worker.ts'
import type { Task } from '../../src/batch/engines/task.ts'
import { refused } from './harness.ts'
import { AS_OF_US } from './shop.ts'

const nowhere = join(tmpdir(), 'prescore-nowhere')
const spec: RunSpec = {
  plan: {
    format: 1,
    run: 'r'.repeat(64),
    prediction: 'spend',
    release: 'f'.repeat(64),
    asOfUs: AS_OF_US,
    pins: {},
    population: { file: 'population.parquet', rows: 3 },
    shards: { features: 3, score: 3 },
  },
  folder: nowhere,
  releases: nowhere,
  runs: nowhere,
}
const task = (shard: number): Task => ({ stage: 'score', shards: [shard] })
const ignore = () => {}

test('a worker tells what it could not do, again and again, and ends when it is told to', async () => {
  const worker = new ShardWorker()
  for (const shard of [0, 1]) await assert.rejects(worker.perform(spec, task(shard), ignore), refused('release_not_found', /f{64}/))
  await worker.stop()
  await assert.rejects(worker.perform(spec, task(2), ignore), refused('run_failed', /score, shard 2; found a worker that stopped/))
})

test('an interrupted task ends at once, and one that was interrupted before is not begun', async () => {
  const worker = new ShardWorker()
  const controller = new AbortController()
  const performed = worker.perform(spec, task(1), ignore, controller.signal)
  controller.abort()
  await assert.rejects(performed, refused('interrupted', /score, shard 1/))
  await assert.rejects(worker.perform(spec, task(1), ignore, controller.signal), refused('interrupted'))
  await worker.stop()
})

test('the engine: no tasks, no workers; the first failure ends the others', async () => {
  const engine = new LocalEngine(2)
  await engine.run(spec, [], ignore)
  await assert.rejects(engine.run(spec, [0, 1, 2].map(task), ignore), refused('release_not_found'))
  await engine.close()
})

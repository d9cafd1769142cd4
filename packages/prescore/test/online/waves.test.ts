/** Applied, read, stored and taken back in any order: what is read is all that was applied, and what is on disk all up to the freeze. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { Environment } from '../../src/online/environment.ts'
import { GroupState } from '../../src/online/group-state.ts'
import type { Mark } from '../../src/online/mark.ts'
import { RUNS } from '../features/arbitraries.ts'
import type { NaiveFeature } from '../features/naive.ts'
import { chunkOf, commit, expected, folderFor, groupIn, sourceIn } from './place.ts'
import { randomOf, streamOf } from './samples.ts'

const BACK_US = 20
const FEATURES: readonly NaiveFeature[] = [
  { aggregate: 'count', delayUs: 0, windowUs: 300 },
  { aggregate: 'sum', value: 'number', delayUs: 0, windowUs: 300 },
  { aggregate: 'max', value: 'number', delayUs: 0, windowUs: 60 },
  { aggregate: 'last', value: 'text', delayUs: 0, windowUs: 300 },
]

interface Course {
  readonly seed: number
  readonly keys: number
  readonly batchMax: number
  readonly busyBytesMax: number
}

test('any course of applying, reading, storing and crashing', async t => {
  const root = folderFor(t)
  let runs = 0
  const courses = fc.record({
    seed: fc.nat(),
    // One key has many blocks; of a hundred, some wait while others are stored.
    keys: fc.constantFrom(1, 5, 100),
    batchMax: fc.constantFrom(5, 60, 400),
    busyBytesMax: fc.constantFrom(0, 1e6),
  })
  const property = fc.asyncProperty(courses, course => run(t, join(root, String(runs++)), course))
  await fc.assert(property, { numRuns: Math.ceil(RUNS.numRuns / 20) })
})

async function run(t: TestContext, folder: string, { seed, keys, batchMax, busyBytesMax }: Course): Promise<void> {
  const random = randomOf(seed)
  const plan = { seed, count: 2_000, keys, stepUs: 1, lateOneIn: 6, latestUs: 50, numbers: [1.5, -2.25, 1e9, Number.NaN] }
  const events = streamOf(plan, false)
  const environment = Environment.open(folder)
  const start: Mark = { isReady: true, position: 0, retainedFromUs: -1_000, dataThroughUs: -1_000 }
  const group = new GroupState(groupIn(sourceIn(folder), FEATURES), environment, start, busyBytesMax)
  let storing: Mark | undefined
  // The clock of each slice: it is over after so many looks at it.
  let now = 0
  const clock = t.mock.method(performance, 'now', () => now++)

  const apply = () => {
    const { position } = group.mark
    const chunk = chunkOf(events.slice(position, position + 1 + random(batchMax)), position)
    const known = [group.mark.dataThroughUs, ...chunk.knownAtUs].filter(Number.isFinite)
    const dataThroughUs = known.reduce((latest, us) => Math.max(latest, us))
    const mark = { isReady: true, position: position + chunk.rows, dataThroughUs, retainedFromUs: dataThroughUs - BACK_US }
    group.add(group.prepare(chunk), chunk, mark)
  }
  const read = () => {
    const key = random(keys)
    const asOfUs = Math.max(group.mark.retainedFromUs, group.mark.dataThroughUs - random(BACK_US))
    const found = group.read({ id: key }, asOfUs)
    // More than windows and late ones reach.
    const last = events.slice(Math.max(0, group.mark.position - 1_200), group.mark.position)
    const wanted = expected(FEATURES, last, key, asOfUs)
    wanted.forEach((value, i) => {
      assert.ok(Object.is(found[i], value ?? (i === 3 ? undefined : Number.NaN)), `${found[i]}, expected ${value}, of key ${key}`)
    })
  }
  const freeze = () => {
    storing = group.mark
    group.sweep()
    group.table.freeze()
  }
  const finish = async () => {
    while (!group.table.fold(Number.POSITIVE_INFINITY));
    const stored = storing as Mark
    await commit(environment, group.table.puts, random(8) === 0)
    group.table.settle()
    group.storedMark = stored
    storing = undefined
  }
  const crash = () => {
    group.revert()
    storing = undefined
  }

  while (group.mark.position < events.length) {
    const step = random(20)
    if (step < 8) apply()
    else if (step < 14) read()
    else if (step < 19) {
      if (storing === undefined) freeze()
      else if (step < 17) group.table.fold(now + 1 + random(3))
      else await finish()
    } else if (random(4) === 0) crash()
  }
  for (let i = 0; i < 5; i++) read()
  clock.mock.restore()
  await environment.close()
  rmSync(folder, { recursive: true })
}

/** Live state in process: a million keys with ten events each, read at random, and kept up by a stream. */
import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { type Column, stringColumn } from '../../packages/prescore/src/expressions/index.ts'
import { historyFeatures } from '../../packages/prescore/src/history/index.ts'
import { openLiveState } from '../../packages/prescore/src/online/index.ts'
import { Database } from '../../packages/prescore/src/parquet/index.ts'
import { pinSource, type SourcePin } from '../../packages/prescore/src/sources/index.ts'
import type { Measured } from '../harness.ts'
import { CUSTOMERS, customerOf, groupIn, NOW_US, PAYMENTS, sourceIn, streamed, writeHistory } from './payments.ts'

const READS = 50_000
/** Twice as many as there are keys: what is applied and what is stored go on beside each other, as in a stream that does not end. */
const STREAMED = 2_000_000
/** Between two chunks of the stream. */
const READS_AT_ONCE = 10
const ROWS_AT_ONCE = 1_000

export async function* readState(root: string): AsyncGenerator<Measured> {
  const folder = join(root, 'payments')
  mkdirSync(folder)
  const database = await Database.open({ threads: 2 })
  await writeHistory(database, folder)
  const [source, group] = [sourceIn(folder), groupIn(folder)]
  let nowUs = NOW_US
  const state = openLiveState(join(folder, 'state'), [group], { clock: { nowUs: () => nowUs } })
  const pin = await pinSource(database, source)
  const fill = await secondsOf(() => state.bootstrap(database, source.name, pin, NOW_US))
  const batch = await secondsOf(() => batchPass(database, folder, pin))
  const filled = { figure: `fill from ${PAYMENTS.toLocaleString('en')} events, against a batch pass`, better: 'lower' } as const
  yield { ...filled, unit: 's', ours: [fill.seconds], limit: [batch.seconds], goal: 3 }
  yield { ...filled, figure: '… in processor time', unit: 's', ours: [fill.cpuSeconds], limit: [batch.cpuSeconds], goal: 3 }
  const bytes = statSync(join(folder, 'state/data.mdb')).size / CUSTOMERS
  yield { figure: 'size on disk, 10 events a key', unit: 'bytes/key', ours: [bytes], goal: 300, better: 'lower' }
  const read = (number: number) => state.read(group.name, { customer: customerOf(number) }, nowUs)
  const times = [1, 2, 3].map(turn => readTimes(READS, turn * READS, read))
  yield { figure: '12 features of a key, median', unit: 'µs', ours: times.map(sorted => at(sorted, 0.5)), better: 'lower' }
  yield { figure: '12 features of a key, 99 %', unit: 'µs', ours: times.map(sorted => at(sorted, 0.99)), goal: 50, better: 'lower' }
  const stream = async (from: number, between: () => void) => {
    const started = performance.now()
    for (let done = from; done < from + STREAMED; done += ROWS_AT_ONCE) {
      const chunk = streamed(done, ROWS_AT_ONCE)
      nowUs = chunk.timeUs[ROWS_AT_ONCE - 1] as number
      await state.apply(source.name, chunk)
      // As a feed does: answers are given between chunks, and the disk is told of what is to be stored.
      await turn()
      between()
    }
    await state.flush()
    return STREAMED / ((performance.now() - started) / 1000)
  }
  const rate = await stream(0, () => {})
  yield { figure: 'updates, stored in groups', unit: 'events/s', ours: [rate], goal: 200_000, better: 'higher' }
  const held = monitorEventLoopDelay({ resolution: 1 })
  const during: number[] = []
  held.enable()
  await stream(STREAMED, () => {
    during.push(...readTimes(READS_AT_ONCE, during.length, read))
  })
  held.disable()
  const sorted = Float64Array.from(during).sort()
  yield { figure: '… a read between them, 99 %', unit: 'µs', ours: [at(sorted, 0.99)], better: 'lower' }
  yield { figure: '… a read between them, 99.9 %', unit: 'µs', ours: [at(sorted, 0.999)], better: 'lower' }
  yield { figure: '… the event loop is held for, 99 %', unit: 'ms', ours: [held.percentile(99) / 1e6], better: 'lower' }
  yield { figure: '… the event loop is held for, at most', unit: 'ms', ours: [held.max / 1e6], goal: 20, better: 'lower' }
  await state.close()
  database.close()
}

/** The same features of all keys as of the same moment, as a batch computes them. */
async function batchPass(database: Database, folder: string, pin: SourcePin): Promise<void> {
  const columns = await keyColumns(database)
  const asOfUs = new Float64Array(CUSTOMERS).fill(NOW_US)
  const [source, { group }] = [sourceIn(folder), groupIn(folder)]
  await historyFeatures(database, source, pin, [{ group, keys: columns, asOfUs }], { clock: 'as-served' })
}

async function keyColumns(database: Database): Promise<Column[]> {
  const keys: string[] = []
  const sql = `SELECT 'c' || lpad(CAST(i AS VARCHAR), 7, '0') AS customer FROM range(${CUSTOMERS}) AS t(i)`
  for (const { customer } of await database.query(sql, 'bench')) keys.push(customer as string)
  return [stringColumn(keys)]
}

async function secondsOf(work: () => Promise<unknown>): Promise<{ seconds: number; cpuSeconds: number }> {
  const [started, before] = [performance.now(), process.cpuUsage()]
  await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (performance.now() - started) / 1000, cpuSeconds: (user + system) / 1e6 }
}

/** Of so many reads of random keys, sorted. */
function readTimes(reads: number, from: number, read: (number: number) => unknown): Float64Array {
  const times = new Float64Array(reads)
  for (let i = 0; i < reads; i++) {
    const number = (Math.imul(from + i, 0x9e3779b1) >>> 0) % CUSTOMERS
    const started = performance.now()
    read(number)
    times[i] = (performance.now() - started) * 1000
  }
  return times.sort()
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))] as number
}

/** Live state in process: a million keys, a stream into them, their fill against a batch pass of the same rows; and reads of busy keys. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLiveState } from '../packages/prescore/src/online/index.ts'
import { Database, literal } from '../packages/prescore/src/parquet/index.ts'
import { pinSource } from '../packages/prescore/src/sources/index.ts'
import { type Measured, suite } from './harness.ts'
import { BUSY_KEY, groupIn, landed, NOW_US, sourceIn, WEEKS_US } from './live-state/busy.ts'
import { readState } from './live-state/state.ts'

const TURNS = 5
const READS = 2_000
const ROWS_AT_ONCE = 1_000

suite({
  name: 'live-state',
  about: 'live features in process, without HTTP; processor time where a figure says so',
  async *run(say) {
    const folder = mkdtempSync(join(tmpdir(), 'prescore-bench-'))
    try {
      for (const events of [10_000, 100_000]) {
        say(`a key with ${events.toLocaleString('en')} events in its windows`)
        yield* busyKey(join(folder, String(events)), events)
      }
      say('1,000,000 keys')
      yield* readState(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
})

/** 23 features over four windows, among them first, last and distinct. */
async function* busyKey(folder: string, events: number): AsyncGenerator<Measured> {
  mkdirSync(folder)
  const database = await Database.open({ threads: 1 })
  await writeNothing(database, folder)
  const [source, group] = [sourceIn(folder), groupIn(folder)]
  const state = openLiveState(join(folder, 'state'), [group], { clock: { nowUs: () => NOW_US } })
  await state.bootstrap(database, source.name, await pinSource(database, source), NOW_US - WEEKS_US)
  for (let from = 0; from < events; from += ROWS_AT_ONCE) await state.apply(source.name, landed(from, from + ROWS_AT_ONCE, events))
  await state.flush()
  const reads = (turn: number) => cpuUs(READS, i => state.read(group.name, BUSY_KEY, NOW_US + (turn * READS + i) * 1000))
  for (let turn = 0; turn < TURNS; turn++) reads(turn)
  const figure = `processor time of a read, ${events.toLocaleString('en')} events`
  yield { figure, unit: 'µs', ours: Array.from({ length: TURNS }, (_, turn) => reads(TURNS + turn)), goal: 100, better: 'lower' }
  await state.close()
  database.close()
}

async function writeNothing(database: Database, folder: string): Promise<void> {
  const row = `'' AS airport, 0::BIGINT AS delay, '' AS carrier, make_timestamptz(0) AS "at", make_timestamptz(0) AS received`
  await database.withConnection(async connection => {
    await connection.run(`COPY (SELECT ${row} WHERE false) TO ${literal(join(folder, 'landings.parquet'))}`)
  })
}

/** Of one of `count` calls. */
function cpuUs(count: number, call: (i: number) => void): number {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) call(i)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/**
 * Answers live from a shop in a folder while no file may grow beyond its size, as on a full disk: posts until the state cannot be stored, asks,
 * then lets files grow again, and waits until live answers are those of a scan. Prints what it saw as JSON.
 */
import { execFileSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { App } from '../../../src/app.ts'
import type { PrescoreError } from '../../../src/base/index.ts'
import { answerObject } from '../../../src/resolve/index.ts'
import { AS_OF_US } from '../../batch/shop.ts'
import { StandingClock } from '../../log/place.ts'
import { eventOf } from '../house.ts'

process.on('SIGXFSZ', () => {})
const app = await App.open({ project: process.argv[2] as string, clock: new StandingClock(AS_OF_US), threads: 1 })
const live = await app.startLive({})
await live.settled
const limit = (bytes: number | 'unlimited') => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`])
const ask = async () => {
  try {
    const { source, degraded, reason, explain } = answerObject(
      await app.resolver('spend').answer({ customer: 'new' }, { prefer: 'live', explain: true }),
    )
    return { source, degraded, code: reason?.code, orders: explain?.features?.orders }
  } catch (error) {
    return { source: undefined, degraded: true, code: (error as PrescoreError).code, orders: undefined }
  }
}
const appended = 3_000
const events = Array.from({ length: appended }, (_, i) =>
  eventOf({ id: 10_000 + i, customer: i % 2 === 0 ? 'new' : `other ${i}`, amount: i / 7 }, AS_OF_US),
)
const seen: unknown[] = [await ask()]
// The log has them; its state does not get them onto the disk.
await app.log('orders').append(events)
limit(statSync(join(process.argv[2] as string, '.prescore/online/data.mdb')).size)
await live.catchUp('orders')
const deadlineMs = performance.now() + 60_000
let full = await ask()
while (full.code !== 'store_unreadable' && full.code !== 'ingest_lag' && performance.now() < deadlineMs) {
  await sleep(20)
  full = await ask()
}
seen.push(full)
limit('unlimited')
let after = await ask()
while ((after.degraded || after.orders !== appended / 2) && performance.now() < deadlineMs) {
  await sleep(50)
  after = await ask()
}
seen.push(after)
// And it is stored now.
await app.close()
console.log(JSON.stringify(seen))

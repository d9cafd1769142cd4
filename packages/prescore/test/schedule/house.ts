/** A scheduler whose clock and runs do as a test says. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { PrescoreError, simulatedClock } from '../../src/base/index.ts'
import type { Schedule } from '../../src/schedule/decide.ts'
import { DueTimes } from '../../src/schedule/due.ts'
import { Ledger, type RunOrder, type ScheduleEvent, Scheduler } from '../../src/schedule/index.ts'
import type { RunEnd } from '../../src/schedule/run-process.ts'

export const HOUR_US = 3_600_000_000
export const NOON_US = Date.parse('2026-03-10T12:00:00Z') * 1000

export const hourly = (catchUp: Schedule['catchUp'], delayUs = 0): Schedule => ({
  prediction: 'spend',
  cron: '@hourly',
  zone: 'UTC',
  catchUp,
  delayUs,
  due: new DueTimes('@hourly', 'UTC'),
})

type LeaseLike = ConstructorParameters<typeof Scheduler>[0]['lease']
const ALONE: LeaseLike = { hold: async () => undefined, isHeld: async () => true, release: async () => {} }

interface Order {
  readonly order: RunOrder
  end(exitCode: number | null, isPassed?: boolean): Promise<void>
}

/** A scheduler whose runs end when the test says so. */
export function house(t: TestContext, schedule: Schedule, folder = folderFor(t), lease: LeaseLike = ALONE) {
  const clock = simulatedClock(NOON_US)
  const events: ScheduleEvent[] = []
  const orders: Order[] = []
  const desk = {
    busy: false,
    start(order: RunOrder) {
      if (desk.busy) throw new PrescoreError('busy')
      const { promise: ended, resolve } = Promise.withResolvers<RunEnd>()
      orders.push({
        order,
        async end(exitCode, isPassed) {
          resolve({ exitCode, ...(isPassed === undefined ? {} : { isPassed }) })
          await scheduler.idle()
        },
      })
      return { ended } as never
    },
  }
  const scheduler: Scheduler = new Scheduler({
    schedules: [schedule],
    desk,
    ledger: new Ledger(folder),
    lease,
    clock,
    sinceUs: NOON_US,
    onEvent: event => events.push(event),
  })
  const tickAt = async (hour: number) => {
    clock.moveTo(NOON_US + hour * HOUR_US)
    await scheduler.tick()
    return orders.map(({ order }) => Math.round(((order.asOfUs ?? 0) - NOON_US) / HOUR_US))
  }
  return { clock, events, orders, desk, scheduler, tickAt, folder, ledger: new Ledger(folder) }
}

export function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-schedule-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A shop that is answered live, on a clock that stands where it is put. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { App, type LiveOptions } from '../../src/app.ts'
import type { PrescoreError } from '../../src/base/index.ts'
import type { FeedStatus, Live } from '../../src/live/index.ts'
import { type Answer, type AnswerOptions, answerObject } from '../../src/resolve/index.ts'
import { AS_OF_US, CONFIG, changed, makeShop, removeShop, type ShopOptions } from '../batch/shop.ts'
import { StandingClock } from '../log/place.ts'

export const MINUTE_US = 60_000_000
export const HYBRID = changed(CONFIG, `mode: 'batch', maxAge: '24h'`, `mode: 'hybrid', maxAge: '24h', deadline: '60s'`)

/** The configuration with several parts replaced. */
export function configWith(...changes: readonly (readonly [from: string, to: string])[]): string {
  return changes.reduce((text, [from, to]) => changed(text, from, to), HYBRID)
}

/** A shop's folder, which goes with the test. */
export async function shopFor(t: TestContext, options: ShopOptions = {}): Promise<string> {
  const folder = await makeShop({ config: HYBRID, ...options })
  t.after(() => removeShop(folder))
  return folder
}

export interface LiveHouse {
  readonly app: App
  readonly live: Live
  readonly clock: StandingClock
  /** What kept something from being answered live, in order. */
  readonly failures: { readonly where: string; readonly error: PrescoreError }[]
  /** Sources whose history was read. */
  readonly filled: Set<string>
  answer(customer: string, options?: AnswerOptions, prediction?: string): Promise<Answer>
  /** The features of a live answer. */
  features(customer: string, options?: AnswerOptions): Promise<NonNullable<Answer['explain']>['features']>
  /** Appends orders, and waits until they are in the live features. */
  post(orders: readonly PostedOrder[], source?: string): Promise<{ accepted: number; duplicate: number }>
  status(source?: string): FeedStatus
  /** The live features of these customers are what a scan of history and log gives. */
  assertSameAsScan(customers: readonly string[]): Promise<void>
  close(): Promise<void>
}

export interface PostedOrder {
  readonly id?: number | bigint | string
  readonly customer: string
  readonly amount?: number
  /** Of the event, in µs. Absent: ten minutes before now. */
  readonly placedUs?: number
}

/** Opens the shop at its as-of, and begins to answer live; ends with the test. */
export async function openHouse(
  t: TestContext,
  folder: string,
  { nowUs = AS_OF_US, settled = true, ...options }: { nowUs?: number; settled?: boolean } & LiveOptions = {},
): Promise<LiveHouse> {
  const clock = new StandingClock(nowUs)
  const app = await App.open({ project: folder, clock, threads: 1 })
  t.after(() => app.close())
  const failures: LiveHouse['failures'] = []
  const filled = new Set<string>()
  const live = await app.startLive({
    onFailure: (where, error) => void failures.push({ where, error }),
    onProgress: source => void filled.add(source),
    ...options,
  })
  if (settled) await live.settled
  const answer: LiveHouse['answer'] = async (customer, asked = {}, prediction = 'spend') =>
    answerObject(await app.resolver(prediction).answer({ customer }, { prefer: 'live', explain: true, ...asked }))
  const features: LiveHouse['features'] = async (customer, asked) => {
    const { source, reason, explain } = await answer(customer, asked)
    assert.equal(source, 'live', JSON.stringify(reason))
    return explain?.features
  }
  return {
    app,
    live,
    clock,
    failures,
    filled,
    answer,
    features,
    async post(orders, source = 'orders') {
      const { accepted, duplicate, rejected } = await app.log(source).append(orders.map(each => eventOf(each, clock.us)))
      assert.deepEqual(rejected, [])
      await live.catchUp(source)
      return { accepted, duplicate }
    },
    status(source = 'orders') {
      const found = live.status().find(each => each.source === source)
      assert.ok(found !== undefined, source)
      return found
    },
    async assertSameAsScan(customers) {
      for (const customer of customers) {
        const scanned = answerObject(
          await app.scanningResolver('spend').answer({ customer }, { prefer: 'live', explain: true, asOfUs: clock.us }),
        )
        assert.equal(scanned.source, 'live', JSON.stringify(scanned.reason))
        const { value, explain } = await answer(customer, { asOfUs: clock.us })
        assert.deepEqual([explain?.features, value], [scanned.explain?.features, scanned.value], customer)
      }
    },
    close: () => app.close(),
  }
}

export function eventOf({ id, customer, amount = 10, placedUs }: PostedOrder, nowUs: number): Record<string, unknown> {
  const placed = new Date((placedUs ?? nowUs - 10 * MINUTE_US) / 1000).toISOString()
  return { placed, customer, amount, ...(id === undefined ? {} : { id }) }
}

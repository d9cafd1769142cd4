/**
 * A server that is killed with −9 again and again while clients post events: after each restart every acknowledged event is in the
 * live features once and none twice. What was not acknowledged may be in or not; when it is sent again, it counts once.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONFIG, changed, makeShop, removeShop } from '../batch/shop.ts'
import { chances } from '../chances.ts'
import { type Started, start, until } from '../cli/process.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 110 : 6
const CLIENTS = 3
const POSTING_MS_MAX = 250
const MINUTE_MS = 60_000
/** The history of the shop has the ids up to 400. */
const FIRST_ID = 1_000
const CUSTOMERS = ['c0', 'c1', 'c2', 'new']

interface Order {
  readonly id: number
  readonly placed: string
  readonly customer: string
  readonly amount: number
}

let folder: string
let nextId = FIRST_ID
/** Acknowledged events, and those whose answer never came. */
const acknowledged = new Map<number, Order>()
const unknown = new Map<number, Order>()

before(async () => {
  folder = await makeShop({ config: changed(CONFIG, `mode: 'batch', maxAge: '24h'`, `mode: 'hybrid', maxAge: '24h'`) })
})
after(() => removeShop(folder))

test(`${KILLS} kills`, async t => {
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const chance = chances(seed)
  let seen = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const server = start(['serve', '--port', '0', '--threads', '1', '--project', folder])
    t.after(() => server.child.kill('SIGKILL'))
    const url = await addressOf(server)
    // Some are killed while their live features are still being filled.
    if (chance() < 0.8) {
      await until(() => server.printed.stderr.includes('answering spend live') || server.child.exitCode !== null)
      await assertCounts(url)
      if (unknown.size > 0) seen++
    }
    await postUntilKilled(server, url, chance)
  }
  const server = start(['serve', '--port', '0', '--threads', '1', '--project', folder])
  t.after(() => server.child.kill('SIGKILL'))
  const url = await addressOf(server)
  await until(() => server.printed.stderr.includes('answering spend live'))
  await assertCounts(url)
  await post(url, [...unknown.values()])
  assert.equal(unknown.size, 0)
  await assertCounts(url)
  server.child.kill('SIGTERM')
  assert.equal((await server.ended).code, 0)
  t.diagnostic(`${acknowledged.size} events; ${seen} restarts with events whose answer never came`)
  assert.ok(acknowledged.size > KILLS && seen > 0)
})

async function addressOf({ printed, child }: Started): Promise<string> {
  await until(() => printed.stdout.includes('\n') || child.exitCode !== null)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.stdout)?.[0]
  assert.ok(url !== undefined, printed.stderr)
  return url
}

/** Clients post new events, and again what they do not know to be taken, until the server is gone. */
async function postUntilKilled({ child, ended }: Started, url: string, chance: () => number): Promise<void> {
  const client = async () => {
    while (child.exitCode === null && child.signalCode === null) {
      const fresh = Array.from({ length: 1 + Math.floor(chance() * 40) }, () => order(chance))
      const again = [...unknown.values(), ...acknowledged.values()].filter(() => chance() < 0.05)
      const [inHistory] = chance() < 0.2 ? [{ ...order(chance), id: 1 + Math.floor(chance() * 400) }] : []
      await post(url, [...fresh, ...again, ...(inHistory === undefined ? [] : [inHistory])])
    }
  }
  const clients = Promise.all(Array.from({ length: CLIENTS }, client))
  await sleep(chance() * POSTING_MS_MAX)
  child.kill('SIGKILL')
  await Promise.all([ended, clients])
}

function order(chance: () => number): Order {
  const id = nextId++
  const customer = CUSTOMERS[Math.floor(chance() * CUSTOMERS.length)] as string
  // Known five minutes later.
  return { id, placed: new Date(Date.now() - 10 * MINUTE_MS).toISOString(), customer, amount: id * 2 }
}

async function post(url: string, orders: readonly Order[]): Promise<void> {
  for (const each of orders) if (each.id >= FIRST_ID && !acknowledged.has(each.id)) unknown.set(each.id, each)
  const taken = await send(url, orders)
  if (taken === undefined) return
  assert.deepEqual(taken.rejected, [])
  assert.equal(taken.accepted + taken.duplicate, orders.length)
  for (const each of orders) {
    if (each.id < FIRST_ID) continue
    unknown.delete(each.id)
    acknowledged.set(each.id, each)
  }
}

interface Taken {
  readonly accepted: number
  readonly duplicate: number
  readonly rejected: readonly unknown[]
}

/** Undefined: the answer never came. */
async function send(url: string, orders: readonly Order[]): Promise<Taken | undefined> {
  try {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(orders) }
    const response = await fetch(`${url}/api/sources/orders/events`, init)
    const body = await response.json()
    assert.equal(response.status, 202, JSON.stringify(body))
    return body as Taken
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    return undefined
  }
}

/** Each amount is twice the id, of which half counts: sum and count together tell which events are in. */
async function assertCounts(url: string): Promise<void> {
  for (const customer of CUSTOMERS) {
    const answer = (await (await fetch(`${url}/api/predictions/spend/answers/${customer}?prefer=live&explain=true`)).json()) as {
      source: string
      explain: { features: { orders: number; total: number } }
    }
    assert.equal(answer.source, 'live', JSON.stringify(answer))
    const { orders, total } = answer.explain.features
    const own = ({ customer: other }: Order) => other === customer
    const [sure, perhaps] = [[...acknowledged.values()].filter(own), [...unknown.values()].filter(own)]
    assert.ok(
      orders >= sure.length && orders <= sure.length + perhaps.length,
      `${customer}: ${sure.length} + ${perhaps.length}, found ${orders}`,
    )
    const sum = (some: readonly Order[]) => some.reduce((all, { id }) => all + id, 0)
    assert.ok(total >= sum(sure) && total <= sum(sure) + sum(perhaps), `${customer}: total ${total}`)
    if (perhaps.length === 0) assert.deepEqual([orders, total], [sure.length, sum(sure)])
  }
}

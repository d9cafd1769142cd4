/** Two servers on one folder. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { AS_OF_US } from '../batch/shop.ts'
import { start } from '../cli/process.ts'
import { eventOf, MINUTE_US, type PostedOrder, shopFor } from './house.ts'

test('two servers on one folder: the second takes over, and the first says so in the place of answers', async t => {
  const folder = await shopFor(t)
  const serve = (minutes = 0) =>
    start(['serve', '--port', '0', '--threads', '1', '--now', atMinute(minutes), '--until', atMinute(0), '--project', folder])
  const servers = [serve()]
  const urls = [await readyUrl(servers[0] as ReturnType<typeof start>)]
  t.after(() => {
    for (const { child } of servers) child.kill('SIGKILL')
  })
  const orders: PostedOrder[] = Array.from({ length: 20 }, (_, i) => ({ id: 3000 + i, customer: 'new' }))
  await postTo(urls[0] as string, orders.slice(0, 10))
  assert.equal((await liveCount(urls[0] as string)).orders, 10)
  servers.push(serve(1))
  urls.push(await readyUrl(servers[1] as ReturnType<typeof start>))
  // Before anybody asks it.
  while (!(servers[0]?.printed.stderr ?? '').includes('another process has opened since')) await sleep(10)
  const handed = await liveCount(urls[0] as string)
  assert.deepEqual(handed, { orders: undefined, code: 'store_unreadable' })
  assert.equal((await liveCount(urls[1] as string)).orders, 10)
  const [gone, there] = [await liveOf(urls[0] as string), await liveOf(urls[1] as string)]
  assert.deepEqual([gone?.ready, gone?.reason?.code, there?.ready, there?.reason], [false, 'store_unreadable', true, null])
  assert.match(gone?.reason?.message ?? '', /another process has opened since/)
  // Whoever takes the events, the second has them.
  await postTo(urls[0] as string, orders.slice(10, 15))
  await postTo(urls[1] as string, orders.slice(15))
  while ((await liveCount(urls[1] as string)).orders !== 20) await sleep(10)
  const { sources } = (await (await fetch(`${urls[0]}/api/sources`)).json()) as { sources: { failure: { code: string } | null }[] }
  assert.equal(sources[0]?.failure?.code, 'store_unreadable')
  for (const { child, ended } of servers) {
    child.kill('SIGTERM')
    const { code, stderr } = await ended
    assert.equal(code, 0, stderr)
    const told = stderr.split('\n').filter(line => line.includes('"live state"'))
    assert.equal(told.length, child === servers[0]?.child ? 1 : 0, stderr)
    for (const line of told) {
      const { level, code: reason, fix } = JSON.parse(line) as Record<string, string>
      assert.deepEqual([level, reason], ['warn', 'store_unreadable'])
      assert.match(String(fix), /Stop the other one/)
    }
  }
  const third = serve(2)
  servers.push(third)
  assert.equal((await liveCount(await readyUrl(third))).orders, 20)
})

function atMinute(minutes: number): string {
  return new Date((AS_OF_US + minutes * MINUTE_US) / 1000).toISOString()
}

async function readyUrl({ printed, child }: ReturnType<typeof start>): Promise<string> {
  while (!printed.stderr.includes('answering spend live') && child.exitCode === null) await sleep(5)
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(printed.stdout)?.[0]
  assert.ok(url !== undefined, printed.stderr)
  return url
}

async function postTo(url: string, orders: readonly PostedOrder[]): Promise<void> {
  const body = JSON.stringify(orders.map(each => eventOf(each, AS_OF_US)))
  const response = await fetch(`${url}/api/sources/orders/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
  assert.equal(response.status, 202, await response.text())
}

async function liveCount(url: string): Promise<{ orders: number | undefined; code: string | undefined }> {
  const response = await fetch(`${url}/api/predictions/spend/answers/new?prefer=live&explain=true`)
  const body = (await response.json()) as { code?: string; explain?: { features: { orders: number } } }
  return { orders: body.explain?.features.orders, code: body.code }
}

/** How the status tells of the live step. */
async function liveOf(url: string) {
  const status = (await (await fetch(`${url}/api/status`)).json()) as {
    predictions: { name: string; live: { ready: boolean; reason: { code: string; message: string } | null } }[]
  }
  return status.predictions.find(({ name }) => name === 'spend')?.live
}

/** A disk that is full under the live state: answers say so, nothing ends, and with room again it goes on by itself. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { openHouse, shopFor } from './house.ts'

test('a full disk degrades live answers until there is room, and loses nothing', async t => {
  const folder = await shopFor(t)
  const program = join(import.meta.dirname, 'processes/full-disk.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [program, folder])
  const [before, full, after] = JSON.parse(stdout) as { source: string; degraded: boolean; code?: string; orders?: number }[]
  assert.deepEqual(before, { source: 'live', degraded: true, code: 'unknown_key', orders: 0 })
  assert.equal(full?.degraded, true)
  assert.ok(['store_unreadable', 'ingest_lag'].includes(full?.code ?? ''), JSON.stringify(full))
  assert.deepEqual(after, { source: 'live', degraded: false, orders: 1_500 })
  const house = await openHouse(t, folder)
  assert.deepEqual([[...house.filled], house.status().applied, (await house.features('new'))?.orders], [[], 3_000, 1_500])
})

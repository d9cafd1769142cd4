/** Who runs the schedules: one process, whatever becomes of those before it. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Lease } from '../../src/schedule/index.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-lease-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const HOLDS = `
import { Lease } from '${join(import.meta.dirname, '../../src/schedule/index.ts')}'
const lease = new Lease(process.argv[1])
const holder = await lease.hold()
console.log(JSON.stringify(holder ?? null))
setInterval(() => {}, 1000)
`

/** A process that takes the lease, and then stays. */
async function holding(t: TestContext, folder: string) {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOLDS, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  return { child, holder: JSON.parse(line) as { pid: number } | null }
}

test('of several that begin at once, one has it; the others are told who', async t => {
  const folder = folderFor(t)
  const leases = Array.from({ length: 8 }, () => new Lease(folder))
  const holders = await Promise.all(leases.map(lease => lease.hold()))
  const at = holders.indexOf(undefined)
  assert.deepEqual(
    holders.map(holder => holder?.pid),
    holders.map((_, i) => (i === at ? undefined : process.pid)),
  )
  assert.deepEqual(
    await Promise.all(leases.map(lease => lease.isHeld())),
    leases.map((_, i) => i === at),
  )
  assert.equal(holders[at === 0 ? 1 : 0]?.host, hostname())
  assert.equal(readdirSync(folder).length, 1, 'nothing is left behind')
  await leases[at]?.release()
  assert.equal(await new Lease(folder).hold(), undefined, 'given up, it is free at once')
  assert.equal(readdirSync(folder).length, 1)
})

test('a process that is killed has it no more', async t => {
  const folder = folderFor(t)
  const { child, holder } = await holding(t, folder)
  assert.equal(holder, null)
  assert.equal((await new Lease(folder).hold())?.pid, child.pid)
  const other = await holding(t, folder)
  assert.equal(other.holder?.pid, child.pid)
  child.kill('SIGKILL')
  await once(child, 'exit')
  assert.equal(await new Lease(folder).hold(), undefined)
})

test('of another machine, only the time tells: a minute without a sign, by the clock of the one that waits', async t => {
  const folder = folderFor(t)
  const file = join(folder, '1.json')
  mkdirSync(folder, { recursive: true })
  const holder = { pid: process.pid, host: 'another', sinceUs: 1_000_000, machine: 'another machine', started: '1', isReleased: false }
  writeFileSync(file, JSON.stringify(holder))
  // The other machine's clock says nothing.
  utimesSync(file, 1, 1)
  t.mock.method(performance, 'now', () => nowMs)
  let nowMs = 5_000
  const lease = new Lease(folder)
  const told = { pid: process.pid, host: 'another', sinceUs: 1_000_000 }
  assert.deepEqual(await lease.hold(), told)
  nowMs += 59_000
  assert.deepEqual(await lease.hold(), told)
  utimesSync(file, 2, 2)
  nowMs += 59_000
  assert.deepEqual(await lease.hold(), told, 'it was renewed')
  nowMs += 62_000
  assert.equal(await lease.hold(), undefined)
  // The other one comes to itself, and sees that it was overtaken.
  assert.deepEqual(readdirSync(folder), ['2.json'])
  nowMs += 11_000
  utimesSync(join(folder, '2.json'), 3, 3)
  await lease.hold()
  const { mtimeMs } = statSync(join(folder, '2.json'))
  assert.ok(mtimeMs > 1_000_000_000, 'whoever has it renews it')
  writeFileSync(join(folder, '3.json'), readFileSync(join(folder, '2.json')))
  assert.equal(await lease.isHeld(), false)
  assert.equal((await lease.hold())?.host, hostname())
})

test('where nothing can be written: refused, and nobody has it', async t => {
  const folder = join(folderFor(t), 'a-file')
  writeFileSync(folder, '')
  await assert.rejects(new Lease(folder).hold(), { code: 'file_unwritable' })
})

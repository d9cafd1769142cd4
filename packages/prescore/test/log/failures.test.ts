/** The event log when its folder is not as it should be, or the declaration is not what it was. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { open as openLmdb } from 'lmdb'
import { hours, minutes } from '../../src/expressions/index.ts'
import { events, type SourceDefinition } from '../../src/project/index.ts'
import { openEventLog } from '../../src/sources/index.ts'
import { folderFor, NOON_US, PAYMENTS, PINGS, rowsOf, StandingClock } from './place.ts'

const AT = new Date(NOON_US / 1000).toISOString()
const clock = new StandingClock()

test('a folder that is none, or holds something else, is refused and does not end the process', t => {
  const folder = folderFor(t)
  writeFileSync(join(folder, 'file'), 'not a folder')
  assert.throws(() => openEventLog(folder, 'file', PINGS), { code: 'store_unreadable' })
  assert.throws(() => openEventLog(join(folder, 'file'), 'pings', PINGS), { code: 'store_unreadable' })
  for (const [name, bytes] of [
    ['garbage', Buffer.alloc(20_000, 7)],
    ['zeros', Buffer.alloc(20_000)],
    ['short', Buffer.from('short')],
  ] as const) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'data.mdb'), bytes)
    assert.throws(() => openEventLog(folder, name, PINGS), { code: 'store_unreadable' })
  }
})

test('a log that was cut short is refused', async t => {
  const folder = folderFor(t)
  const log = openEventLog(folder, 'payments', PAYMENTS, { clock })
  await log.append(Array.from({ length: 30_000 }, (_, i) => ({ id: String(i), at: AT, shop: 'x'.repeat(200) })))
  await log.close()
  const path = join(folder, 'payments', 'data.mdb')
  assert.ok(statSync(path).size > 5 * 1024 * 1024)
  truncateSync(path, 500_000)
  assert.throws(() => openEventLog(folder, 'payments', PAYMENTS), { code: 'store_unreadable' })
})

test('a log of a later format is refused, and left as it is', async t => {
  const folder = folderFor(t)
  await openEventLog(folder, 'pings', PINGS).close()
  const raw = openLmdb<Buffer, Buffer>({
    path: join(folder, 'pings'),
    noSubdir: false,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
  })
  raw.openDB<Buffer, Buffer>('log', { encoding: 'binary', keyEncoding: 'binary' }).putSync(Buffer.from('format'), Buffer.from('2'))
  await raw.close()
  const path = join(folder, 'pings', 'data.mdb')
  const before = readFileSync(path)
  assert.throws(() => openEventLog(folder, 'pings', PINGS), { code: 'store_format' })
  assert.throws(() => openEventLog(folder, 'pings', PINGS), { code: 'store_format' })
  assert.ok(before.equals(readFileSync(path)))
})

test('a full disk refuses the appends it cannot keep, keeps the others, and leaves the log readable', t => {
  const script = join(import.meta.dirname, 'processes', 'filler.ts')
  const limited = ['-c', 'ulimit -f 3000; exec "$0" "$@"', process.execPath, script, folderFor(t)]
  const printed = execFileSync('bash', limited, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  assert.deepEqual(JSON.parse(printed), { codes: ['store_unreadable'], isAllThere: true })
})

test('columns come, go and change places; rows from before are missing what they did not have', async t => {
  const folder = folderFor(t)
  const definitions: readonly SourceDefinition[] = [
    { ...PAYMENTS, derive: {}, columns: { id: 'string', at: 'timestamp', received: 'timestamp', shop: 'string', amount: 'float64' } },
    { ...PAYMENTS, derive: {}, columns: { amount: 'float64', received: 'timestamp', shop: 'string', id: 'string', at: 'timestamp' } },
    {
      ...PAYMENTS,
      derive: {},
      columns: { city: 'string', received: 'timestamp', id: 'string', at: 'timestamp', amount: 'float64', floor: 'int64' },
    },
  ]
  const values: Record<string, unknown> = { shop: 'a', amount: 1.5, city: 'b', floor: -3 }
  for (const [i, definition] of [...definitions, ...definitions].entries()) {
    const log = openEventLog(folder, 'payments', definition, { clock })
    const known = Object.entries(values).filter(([name]) => Object.hasOwn(definition.columns, name))
    assert.equal((await log.append([{ id: String(i), at: AT, ...Object.fromEntries(known) }])).accepted, 1)
    await log.close()
  }
  const log = openEventLog(folder, 'payments', definitions[2] as SourceDefinition)
  assert.deepEqual(
    rowsOf(log).map(row => [row['row.id'], row['row.amount'], row['row.city'], row['row.floor'], row['row.shop']]),
    [0, 1, 2, 3, 4, 5].map(i => [String(i), 1.5, i % 3 === 2 ? 'b' : undefined, i % 3 === 2 ? -3 : undefined, undefined]),
  )
  await log.close()
})

test('another time, id or kind is refused once there are events, and before it is taken over', async t => {
  const folder = folderFor(t)
  const others: readonly (readonly [SourceDefinition, RegExp])[] = [
    [{ ...PAYMENTS, time: 'received' }, /payments.time; found received; expected at/],
    [{ ...PAYMENTS, time: 'doubled' }, /payments.time; found doubled/],
    [{ ...PAYMENTS, id: 'card' }, /payments.id; found card; expected id/],
    [(({ id: _, ...rest }) => rest)(PAYMENTS), /payments.id; found none; expected id/],
    [{ ...PAYMENTS, columns: { ...PAYMENTS.columns, card: 'string' } }, /columns.card; found string; expected int64/],
  ]
  for (const [other] of others.filter(([{ time }]) => time !== 'doubled')) {
    await openEventLog(folder, 'payments', PAYMENTS).close()
    const log = openEventLog(folder, 'payments', other)
    await log.close()
  }
  const late = openEventLog(folder, 'payments', PAYMENTS, { clock })
  const early = openEventLog(folder, 'payments', { ...PAYMENTS, columns: { ...PAYMENTS.columns, card: 'string' } }, { clock })
  await assert.rejects(late.append([{ id: 'a', at: AT }]), { code: 'log_mismatch' })
  await early.close()
  await late.close()
  const log = openEventLog(folder, 'payments', PAYMENTS, { clock })
  assert.equal((await log.append([{ id: 'a', at: AT }])).accepted, 1)
  for (const [other, message] of others) assert.throws(() => openEventLog(folder, 'payments', other), { code: 'log_mismatch', message })
  await log.close()
})

test('how a derived event time is computed is fixed once there are events', async t => {
  const folder = folderFor(t)
  const shifted = (by: ReturnType<typeof hours>) =>
    events({ files: 'x.parquet', columns: { at: 'timestamp' }, time: 'at', derive: row => ({ later: row.at.plus(by) }) }).definition
  const [hour, minute] = [shifted(hours(-1)), shifted(minutes(-1))].map(definition => ({ ...definition, time: 'later' }))
  const log = openEventLog(folder, 'x', hour as SourceDefinition, { clock })
  await log.append([{ at: AT }])
  assert.deepEqual(rowsOf(log)[0]?.timeUs, NOON_US - 3_600_000_000)
  await log.close()
  assert.throws(() => openEventLog(folder, 'x', minute as SourceDefinition), { code: 'log_mismatch', message: /x.derive.later/ })
})

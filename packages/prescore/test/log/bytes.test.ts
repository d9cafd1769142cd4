/** The bytes on disk: a log that was written once must be read by every later version of the same format. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { open as openLmdb, type RootDatabase } from 'lmdb'
import { openEventLog } from '../../src/sources/index.ts'
import { TextCodes } from '../../src/sources/log/text-codes.ts'
import { folderFor, PAYMENTS, rowsOf, StandingClock } from './place.ts'

const BINARY = { encoding: 'binary', keyEncoding: 'binary' } as const
const EVENTS = [
  {
    id: 'é1',
    card: 2n ** 53n + 1n,
    amount: -0.5,
    online: true,
    shop: 'x',
    at: '2026-06-15T11:59:59.000001Z',
    received: '2026-06-15T12:00:00Z',
  },
  { id: '2', at: '2026-06-15T11:59:58Z' },
]
const LATER = { id: '3', card: -1, online: false, shop: '', at: '2026-06-15T12:00:01Z' }

/** What the store holds of a table, as hexadecimal digits. */
function dump(root: RootDatabase<Buffer, Buffer>, table: string): Record<string, string> {
  const entries = root.openDB<Buffer, Buffer>(table, BINARY).getRange()
  return Object.fromEntries([...entries].map(({ key, value }) => [Buffer.from(key).toString('hex'), value.toString('hex')]))
}

const openRaw = (folder: string) =>
  openLmdb<Buffer, Buffer>({ path: join(folder, 'payments'), noSubdir: false, overlappingSync: false, ...BINARY })

/** Of a segment: version and layout, rows, bytes of the rows, position of the first one, clock. */
const HEADERS = [
  '01000000 02000000 67000000 00000000 000000000000f03f 0040734326511943',
  '01000000 01000000 32000000 00000000 0000000000000840 006da44426511943',
]
/** Of a row: bitmap, card, amount, online, at, received, lengths of id and shop, their texts. */
const ROWS = [
  '80 0100000000002000 000000000000e0bf 000000000000f03f 0437364326511943 0040734326511943 03000000 01000000 c3a931 78',
  'de 0000000000000000 0000000000000000 0000000000000000 002ef94226511943 0000000000000000 01000000 00000000 32',
  'c4 ffffffffffffffff 0000000000000000 0000000000000000 0049b04326511943 0000000000000000 01000000 00000000 33',
] as const
const BLOCK = [HEADERS[0], ROWS[0], ROWS[1], HEADERS[1], ROWS[2]].join('').replaceAll(' ', '')
/** Last position; earliest and latest event time. */
const KEY = '0000000000000003 4319512642f92e00 4319512643b04900'.replaceAll(' ', '')
const IDS = ['0232', '0233', '02c3a931']

async function write(folder: string): Promise<void> {
  const clock = new StandingClock()
  const log = openEventLog(folder, 'payments', PAYMENTS, { clock })
  await log.append(EVENTS)
  clock.us += 5_000_000
  await log.append([LATER])
  await log.close()
}

test('events lie on disk in just these bytes', async t => {
  const folder = folderFor(t)
  await write(folder)
  const root = openRaw(folder)
  assert.deepEqual(dump(root, 'blocks'), { [KEY]: BLOCK })
  assert.deepEqual(Object.keys(dump(root, 'ids')), IDS)
  await root.close()
  const log = openEventLog(folder, 'payments', PAYMENTS)
  const read = rowsOf(log).map(row => [row['row.id'], row['row.card'], row['row.amount'], row['row.online'], row['row.shop']])
  assert.deepEqual(read, [
    ['é1', 2n ** 53n + 1n, -0.5, 1, 'x'],
    ['2', undefined, undefined, undefined, undefined],
    ['3', -1, undefined, 0, ''],
  ])
  await log.close()
})

test('ids are kept in just these bytes, long ones as their digest', async t => {
  const folder = folderFor(t)
  const log = openEventLog(folder, 'payments', PAYMENTS, { clock: new StandingClock() })
  const ids = ['', 'a'.repeat(1000), 'b'.repeat(1001)]
  await log.append(ids.map(id => ({ id, at: EVENTS[0]?.at })))
  assert.deepEqual(log.hasIds([...ids, 'b'.repeat(1002)]), [true, true, true, false])
  await log.close()
  const root = openRaw(folder)
  const digest = createHash('sha256').update('b'.repeat(1001)).digest('hex')
  assert.deepEqual(Object.keys(dump(root, 'ids')), ['02', `02${'61'.repeat(1000)}`, `03${digest}`])
  await root.close()
})

test('texts that share a hash are told apart', () => {
  const codes = new TextCodes()
  // The first two have the same hash and length.
  const texts = ['whnwktel', 'fhkwqsea', ...Array.from({ length: 50_000 }, (_, i) => `text ${i}`)]
  const bytes = texts.map(text => Buffer.from(text))
  for (const round of [0, 1]) {
    bytes.forEach((each, i) => {
      if (codes.code(each, 0, each.length) !== i) assert.fail(`${texts[i]} in round ${round}`)
    })
  }
  assert.deepEqual(codes.texts, texts)
})

test('a damaged block is refused, never read as something else', async t => {
  const whole = Buffer.from(BLOCK, 'hex')
  const damaged = [
    whole.subarray(0, -1),
    whole.subarray(0, 20),
    Buffer.concat([Buffer.of(2), whole.subarray(1)]),
    Buffer.concat([whole, Buffer.of(1)]),
  ]
  const folder = folderFor(t)
  await write(folder)
  for (const block of damaged) {
    const root = openRaw(folder)
    root.openDB<Buffer, Buffer>('blocks', BINARY).putSync(Buffer.from(KEY, 'hex'), block)
    await root.close()
    const log = openEventLog(folder, 'payments', PAYMENTS)
    assert.throws(() => rowsOf(log), { code: 'store_unreadable', message: /damaged/ })
    await log.close()
  }
})

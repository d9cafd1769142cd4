/** Live answers computed again: the same bits as served, late events by name as corrected, and every planted defect found. */
import assert from 'node:assert/strict'
import { appendFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PrescoreError } from '../../src/base/index.ts'
import { AS_OF_US, shopOrders, writeOrders } from '../batch/shop.ts'
import { MINUTE_US, openHouse, shopFor } from '../live/house.ts'
import { audited, auditOf, countsOf, NOTED, segmentsOf, tamper } from './house.ts'

const codeOf = (code: string) => (error: PrescoreError) => error.code === code

test('as served not a bit differs; what came late is named, with the answers that it would have changed', async t => {
  const folder = await shopFor(t, { config: NOTED })
  const house = await openHouse(t, folder)
  await house.answer('c0')
  await house.answer('new')
  // Known by the as-of of the answers before it, which had not read it.
  await house.post([{ id: 9001, customer: 'new', amount: 8 }])
  await house.answer('new')
  house.clock.us += 30 * MINUTE_US
  await house.answer('new')
  await house.answer('c1')
  const beforeUs = house.clock.us
  house.clock.us += MINUTE_US
  // Placed two hours before two of the answers, and known after them.
  await house.post([
    { id: 9002, customer: 'new', amount: 20, placedUs: AS_OF_US - 120 * MINUTE_US },
    { id: 9003, customer: 'c1', amount: 4, placedUs: AS_OF_US - 8 * 1440 * MINUTE_US },
  ])
  await house.answer('new')
  // As of then, again: it was not known.
  await house.answer('new', { asOfUs: beforeUs })
  await house.close()
  const audit = await auditOf(folder)
  assert.deepEqual(countsOf(audit), [7, 7, 7, 0, 4])
  assert.deepEqual(
    audit.lateEvents.map(({ source, id, cause, answers }) => [source, id, cause, answers]),
    [
      ['orders', 9002, 'late', 4],
      ['orders', 9001, 'unread', 1],
    ],
  )
  assert.deepEqual([audit.notComparable, audit.defective], [[], []])
  const first = audit.changes[0]
  assert.deepEqual(first?.key, { customer: 'new' })
  assert.deepEqual(
    first?.features.map(({ name, served, corrected }) => [name, served, corrected]),
    [
      ['own.orders', 0, 2],
      ['own.total', 0, 14],
      ['own.largest', null, 20],
    ],
  )
})

test('attributes that a request sets are set again; keys of any text come back', async t => {
  const folder = await shopFor(t, { config: NOTED })
  const house = await openHouse(t, folder)
  const strange = 'é\u{1F600}\n"{}'
  await house.post([{ id: 9001, customer: strange }])
  house.clock.us += MINUTE_US
  await house.answer(strange)
  const { whatIf } = await house.answer('c0', { attributes: { own: { orders: 3, total: -2.5 } } })
  assert.equal(whatIf, true)
  await house.answer('c0', { attributes: { own: { largest: null } } })
  await house.close()
  assert.deepEqual(countsOf(await auditOf(folder)), [3, 3, 3, 0, 0])
})

test('a defect is found: in a feature, in the value, in what the features were made of', async t => {
  const folder = await shopFor(t, { config: NOTED })
  const house = await openHouse(t, folder)
  for (const customer of ['c0', 'c1', 'c2']) await house.answer(customer)
  await house.close()
  const [file] = segmentsOf(folder)
  assert.ok(file !== undefined)
  // The last bit of the second feature of the second answer.
  const lines = (text: string) => text.split('\n')
  const altered = (line: string) =>
    line.replace(/"features":"([^"]+)"/, (_, base64: string) => {
      const bytes = Buffer.from(base64, 'base64')
      bytes[8] = bytes[8]! ^ 1
      return `"features":"${bytes.toString('base64')}"`
    })
  tamper(folder, text =>
    lines(text)
      .map(line => (line.includes('"c1"') ? altered(line) : line))
      .join('\n'),
  )
  const audit = await auditOf(folder)
  assert.deepEqual(countsOf(audit), [3, 3, 2, 1, 0])
  const [defect] = audit.defective
  assert.deepEqual([defect?.key, defect?.feature], [{ customer: 'c1' }, 'total'])
  assert.ok(defect?.logged !== defect?.recomputed && Math.abs(Number(defect?.logged) - Number(defect?.recomputed)) < 1e-9)
  tamper(folder, text => text.replace(/("of":0.*"c0".*"value":")[^"]+/, '$112.5'))
  const both = await auditOf(folder)
  assert.deepEqual(countsOf(both), [3, 3, 1, 2, 0])
  assert.deepEqual([both.defective[0]?.feature, both.defective[0]?.logged], ['value', '12.5'])
  // Of another customer than the one who was asked about.
  tamper(folder, text => text.replace('"customer":"c2"', '"customer":"never"'))
  assert.deepEqual(countsOf(await auditOf(folder)), [3, 3, 0, 3, 0])
})

test('what cannot be compared is counted, with the reason', async t => {
  const folder = await shopFor(t, { config: NOTED })
  const house = await openHouse(t, folder)
  await house.post([{ id: 9001, customer: 'new' }])
  await house.answer('new')
  await house.close()
  assert.deepEqual(countsOf(await auditOf(folder)), [1, 1, 1, 0, 0])
  tamper(folder, text => text.replace('"positions":[1]', '"positions":[7]'))
  await assertRefused(folder, 'source_changed', /log that is shorter/)
  tamper(folder, text => text.replace('"positions":[7]', '"positions":[1]'))
  await writeOrders(folder, shopOrders().slice(1))
  await assertRefused(folder, 'source_changed', /other files/)
  await writeOrders(folder, shopOrders())
  assert.deepEqual(countsOf(await auditOf(folder)), [1, 1, 1, 0, 0])
  rmSync(join(folder, '.prescore/log/orders'), { recursive: true })
  await assertRefused(folder, 'source_changed', /log that is shorter/)
  rmSync(join(folder, '.prescore/releases'), { recursive: true })
  await assertRefused(folder, 'release_not_found', /no such release/)
})

test('half a line at the end is no answer; one in the middle is told', async t => {
  const folder = await shopFor(t, { config: NOTED })
  const house = await openHouse(t, folder)
  await house.answer('c0')
  await house.answer('c1')
  await house.close()
  const [file] = segmentsOf(folder)
  appendFileSync(file as string, '{"of":0,"at":17')
  assert.deepEqual([(await audited(folder)).unreadableLines, countsOf(await auditOf(folder))], [0, [2, 2, 2, 0, 0]])
  tamper(folder, text => text.replace(/\n(\{"of":0.*"c0")/, '\n#$1'))
  const report = await audited(folder)
  assert.deepEqual([report.unreadableLines, countsOf(report.predictions[0]!)], [1, [1, 1, 1, 0, 0]])
  tamper(folder, text => text.replace('"version":1', '"version":2'))
  await assert.rejects(audited(folder), codeOf('store_format'))
  tamper(folder, text => text.slice(3))
  await assert.rejects(audited(folder), codeOf('store_format'))
})

test('some of the answers: by when they were given, by prediction, evenly', async t => {
  const folder = await shopFor(t, { config: NOTED })
  const house = await openHouse(t, folder)
  for (let i = 0; i < 20; i++) {
    await house.answer(`c${i}`)
    house.clock.us += MINUTE_US
  }
  await house.close()
  const answers = async (request: Parameters<typeof audited>[1]) => (await auditOf(folder, request)).answers
  assert.equal(await answers({ fromUs: AS_OF_US + 5 * MINUTE_US }), 15)
  assert.equal(await answers({ fromUs: AS_OF_US + 5 * MINUTE_US, toUs: AS_OF_US + 7 * MINUTE_US }), 2)
  assert.equal(await answers({ sample: 6 }), 6)
  assert.equal(await answers({ sample: 60 }), 20)
  await assert.rejects(audited(folder, { prediction: 'other' }), codeOf('nothing_logged'))
  await assert.rejects(audited(folder, { fromUs: AS_OF_US + 100 * MINUTE_US }), codeOf('nothing_logged'))
})

async function assertRefused(folder: string, code: string, message: RegExp): Promise<void> {
  const audit = await auditOf(folder)
  assert.deepEqual(countsOf(audit), [1, 0, 0, 0, 0], JSON.stringify(audit))
  assert.deepEqual([audit.notComparable.length, audit.notComparable[0]?.code, audit.notComparable[0]?.answers], [1, code, 1])
  assert.match(audit.notComparable[0]?.message ?? '', message)
}

/** Random events of the payments, good and bad, with what must become of them. */
import fc from 'fast-check'
import { formatInstant } from '../../src/base/index.ts'
import type { Sample } from './model.ts'
import { DAY_US, NOON_US, type Row, SECOND_US } from './place.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const held = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

const times = fc.integer({ min: NOON_US - 2 * DAY_US, max: NOON_US + 600 * SECOND_US })
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('', 'x', '\0', '\ufeffmark', 'ä'.repeat(40), '😀', 'y'.repeat(300)),
)
const integers = fc
  .oneof(
    fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
    fc.constantFrom(INT64_MIN, INT64_MAX, 0n, -1n, 2n ** 32n, -(2n ** 32n), 2n ** 53n - 1n),
  )
  .map(held)
const floats = fc.double({ noNaN: true, noDefaultInfinity: true })

interface Payment {
  readonly id: string
  readonly at: number
  readonly card?: number | bigint
  readonly amount?: number
  readonly online?: boolean
  readonly shop?: string
  readonly received?: number
}

const payments: fc.Arbitrary<Payment> = fc.record(
  {
    id: fc.oneof(fc.integer({ min: 0, max: 40 }).map(String), texts, fc.constantFrom('z'.repeat(1000), 'z'.repeat(1001), 'z'.repeat(5000))),
    at: times,
    card: integers,
    amount: floats,
    online: fc.boolean(),
    shop: texts,
    received: times,
  },
  { requiredKeys: ['id', 'at'], noNullPrototype: true },
)

function sampleOf(payment: Payment): Sample {
  const { at, received, card, amount, online } = payment
  const event = { ...payment, at: formatInstant(at), ...(received === undefined ? {} : { received: formatInstant(received) }) }
  const known: Record<string, number | bigint | string | undefined> = {
    'row.id': payment.id,
    'row.at': at,
    'row.card': typeof card === 'number' ? card + 0 : card,
    'row.amount': amount,
    'row.online': online === undefined ? undefined : Number(online),
    'row.shop': payment.shop,
    'row.received': received,
    'row.doubled': amount === undefined ? undefined : amount * 2,
    'row.place': payment.shop === undefined ? undefined : Number(payment.shop === 'x'),
    timeUs: at,
  }
  return { event, row: Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)) as Row }
}

const wrong: fc.Arbitrary<Sample> = fc
  .tuple(
    payments,
    fc.constantFrom(
      ['unknown_column', { other: 1 }],
      ['wrong_type', { card: '12' }],
      ['wrong_type', { amount: true }],
      ['lossy_cast', { card: 2 ** 53 }],
      ['missing_time', { at: null }],
      ['missing_id', { id: null }],
      ['time_out_of_range', { at: '0001-01-01T00:00:00Z' }],
      ['invalid_text', { shop: '\ud800' }],
    ),
  )
  .map(([payment, [refused, change]]) => {
    const { event, row } = sampleOf(payment)
    return { event: { ...(event as object), ...(change as object) }, refused: refused as string, row }
  })

export const samples = fc.oneof({ weight: 9, arbitrary: payments.map(sampleOf) }, { weight: 1, arbitrary: wrong })

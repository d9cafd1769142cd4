/**
 * The bits of version 1 of the kernel. Releases and training sets carry the version, so these never change: if this test
 * fails and the new bits are meant, raise KERNEL_VERSION and put the new bits here, in the same change.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { it } from 'node:test'
import type { NumberColumn } from '../../src/expressions/index.ts'
import { type ClockName, KERNEL_VERSION } from '../../src/features/index.ts'
import type { AggregateName } from '../../src/project/index.ts'
import { assertAsNaive, computed } from './harness.ts'
import type { NaiveEvent, NaiveFeature, NaiveQuery } from './naive.ts'

const AGGREGATES: readonly AggregateName[] = ['count', 'sum', 'mean', 'share', 'std', 'min', 'max', 'last', 'timeSinceLast']
const FEATURES: readonly NaiveFeature[] = [undefined, 40, 400].flatMap(windowUs =>
  AGGREGATES.map(aggregate => ({
    aggregate,
    delayUs: windowUs === 400 ? 5 : 0,
    ...(aggregate === 'share' ? { value: 'flag' } : aggregate === 'timeSinceLast' ? { where: 'keep' } : { value: 'number' }),
    ...(windowUs === undefined ? {} : { windowUs }),
    ...(aggregate === 'std' ? { default: -1 } : {}),
  })),
)

const OTHER_FEATURES: readonly NaiveFeature[] = [
  {},
  { windowUs: 40 },
  { windowUs: 400 },
  { period: 'today' as const },
  { period: 'thisWeek' as const },
].flatMap(window =>
  (['first', 'distinct', 'sum', 'max'] as const).map(aggregate => ({
    aggregate,
    value: 'number',
    delayUs: 'period' in window ? 5 : 0,
    ...window,
  })),
)

const RANKED_FEATURES: readonly NaiveFeature[] = [40, 400].flatMap(windowUs =>
  (['last', 'mode'] as const).flatMap(aggregate => [1, 2, 4].map(rank => ({ aggregate, value: 'number', windowUs, delayUs: 0, rank }))),
)

/** Numbers that any machine makes alike: a product of integers modulo a prime. */
function makeEvents(value: (random: number) => number | undefined): NaiveEvent[] {
  let state = 12345
  const next = () => (state = (state * 48271) % 2147483647)
  return Array.from({ length: 400 }, (_, i) => {
    const timeUs = 2 * i + (next() % 7)
    return {
      key: next() % 3,
      timeUs,
      knownAtUs: timeUs + (next() % 4 === 0 ? next() % 90 : 0),
      row: { number: value(next()), flag: next() % 2, keep: next() % 5 === 0 ? undefined : next() % 2 },
    }
  })
}

const QUERIES: readonly NaiveQuery[] = [0, 1, 57, 200, 400, 666, 801, 5000].flatMap(asOfUs => [0, 1, 2].map(key => ({ key, asOfUs })))
const DATA: Readonly<Record<string, (random: number) => number | undefined>> = {
  integers: random => (random % 9 === 0 ? undefined : (random % 301) - 150),
  cents: random => (random % 100_000) / 100,
  wide: random => (random - 2 ** 30) * 2 ** ((random % 180) - 90),
  nasty: random => [1e308, -1e308, 5e-324, -0, 0.1, Number.POSITIVE_INFINITY, 2 ** 53 - 1, -1e-200][random % 8],
}

const bitsOf = (x: number): string => new BigUint64Array(Float64Array.of(x).buffer)[0]?.toString(16).padStart(16, '0') as string

/** Some bits to read, and a digest of all. */
function golden(events: readonly NaiveEvent[], clock: ClockName, features = FEATURES): readonly string[] {
  const columns = computed(features, events, QUERIES, clock)
  const all = columns.flatMap(column => [...(column as NumberColumn).values].map(bitsOf))
  const row = columns.map(column => bitsOf((column as NumberColumn).values[15]!))
  return [row.slice(9, 18).join(' '), createHash('sha256').update(all.join()).digest('hex')]
}

const GOLDEN: Readonly<Record<string, readonly string[]>> = {
  'integers, as-served': [
    '4000000000000000 4064600000000000 4054600000000000 3fe5555555555555 403fd1dec022ec18 404d800000000000 405a000000000000 405a000000000000 4026000000000000',
    '1748cf465577d72354af8aa03616a9df453f797b5440c0eca2c1323c2224efb7',
  ],
  'integers, corrected': [
    '4008000000000000 406f800000000000 4055000000000000 3fe0000000000000 4036e9b2675a6626 404d800000000000 405a000000000000 405a000000000000 4026000000000000',
    '673801b2a501aa92a6a5b06c330de258a581c03b132ab1cacc486203ef6a1618',
  ],
  'cents, as-served': [
    '4008000000000000 40996447ae147ae2 4080ed851eb851ec 3fe5555555555555 4064b01fdde38617 40766ee147ae147b 40854b999999999a 408245851eb851ec 4026000000000000',
    '17e2db25a73088bda112a08294a9a6a0cfd7459b8390d526a3b0939726a5de11',
  ],
  'cents, corrected': [
    '4010000000000000 40a25e199999999a 40825e199999999a 3fe0000000000000 406471e7d37300a8 40766ee147ae147b 4086afd70a3d70a4 408245851eb851ec 4026000000000000',
    'b222a21ba9f3b4afcd453f8c9ec61ce0068060603897f75d3343f769a16c59c5',
  ],
  'wide, as-served': [
    '4008000000000000 46e5f23215000002 46cd42ed71555558 3fe5555555555555 46d9575561b3cd07 bcbdd72f8d800000 46e5f23215000000 bcbdd72f8d800000 4026000000000000',
    '3368a34c3c5f8cf57cc0a802ba1a9df263146970c70457b32b766346011f3f12',
  ],
  'wide, corrected': [
    '4010000000000000 4711a0bf1aa00000 46f1a0bf1aa00000 3fe0000000000000 46fc6a4ecc31e991 bcbdd72f8d800000 470dc4f1b0000000 bcbdd72f8d800000 4026000000000000',
    '30e367e45aab1d0a28be388ae3b524c64e2c68cfd5a2a6b5383e8b35de58fac3',
  ],
  'nasty, as-served': [
    '4008000000000000 7ff0000000000000 7ff0000000000000 3fe5555555555555 bff0000000000000 ffe1ccf385ebc8a0 7ff0000000000000 7ff0000000000000 4026000000000000',
    'dd3985fd65af52b7dd310627fee8b303e99d3b53d2cbcd81597a063fe52c3514',
  ],
  'nasty, corrected': [
    '4010000000000000 7ff0000000000000 7ff0000000000000 3fe0000000000000 bff0000000000000 ffe1ccf385ebc8a0 7ff0000000000000 7ff0000000000000 4026000000000000',
    'f649b097611695ad47c52f1e870a71e135222aa1ab95775be5c3a04d0dceb200',
  ],
}

/** Half of them. */
function beforeMidnight(events: readonly NaiveEvent[]): NaiveEvent[] {
  return events.map(event => ({ ...event, timeUs: event.timeUs - 300, knownAtUs: event.knownAtUs - 300 }))
}

const LATER: readonly string[] = [
  'c58ea70d2b9ed93d845500196309939ba27f7eeb89ea39d7f19e6f1209207fec',
  'b40f03a108384825d49cc95ab93ff313535bb0de3475c3e585d19030f9102a3e',
  'dae4d1d4d95f7a11851c2a4c3547175e0efa0c18134573b9002e66b79e844fb0',
  '5a163e9ca1bc39944a2332abb23f3cc7c7978cdccbd68a13c9dbc98e58d042d4',
]

const SEVERAL: readonly string[] = [
  'cf9464153a0432e1e4b5c4eb917261d6ebc95b61423d27aca8bbdefb94d86304',
  '572e5384c63624382c88174695e9d6b96ca8ab85bc03b3b3f2b3e079cda2ca94',
  '1233e7bf1c0495d783b1c651b50141181ddd8ab888028591ec73354a3e258089',
  '580e74405dc2ff5a7ee3ec952cd99404f7da0d58da750574fd93a6e4553ef700',
]

it(`version ${KERNEL_VERSION} of the kernel gives these bits`, () => {
  assert.equal(KERNEL_VERSION, 1)
  for (const [data, value] of Object.entries(DATA)) {
    const events = makeEvents(value)
    for (const clock of ['as-served', 'corrected'] as const)
      assert.deepEqual(golden(events, clock), GOLDEN[`${data}, ${clock}`], `${data}, ${clock}`)
  }
})

it('and these of aggregates and windows that came later', () => {
  const digests = Object.values(DATA).map(value => golden(beforeMidnight(makeEvents(value)), 'as-served', OTHER_FEATURES)[1])
  assert.deepEqual(digests, LATER)
})

it('and these of several values of a window', () => {
  assert.deepEqual(
    Object.values(DATA).map(value => golden(makeEvents(value), 'as-served', RANKED_FEATURES)[1]),
    SEVERAL,
  )
})

it('the golden bits are the right ones', () => {
  for (const value of Object.values(DATA)) {
    assertAsNaive(FEATURES, makeEvents(value), QUERIES, 'as-served')
    assertAsNaive(RANKED_FEATURES, makeEvents(value), QUERIES, 'as-served')
    assertAsNaive(OTHER_FEATURES, beforeMidnight(makeEvents(value)), QUERIES, 'as-served')
  }
})

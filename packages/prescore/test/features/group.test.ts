import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import type { Column, NumberColumn } from '../../src/expressions/index.ts'
import { type ClockName, compileGroup, type EventColumns } from '../../src/features/index.ts'
import type { AggregateName } from '../../src/project/index.ts'
import { RUNS, valueFamilies } from './arbitraries.ts'
import { assertAsNaive, computed, groupOf, SCOPE, valueAt } from './harness.ts'
import type { NaiveEvent, NaiveFeature, NaiveQuery } from './naive.ts'

/** The hour, the day and the month, but not the week, begin at 0. */
const WINDOWS: readonly Pick<NaiveFeature, 'windowUs' | 'period'>[] = [
  {},
  { windowUs: 1 },
  { windowUs: 4 },
  { windowUs: 10 },
  { period: 'today' },
  { period: 'thisWeek' },
]
const clocks = fc.constantFrom<ClockName[]>('as-served', 'corrected')
const keys = fc.constantFrom(-1, 0, 0, 0, 0, 1, 1, 2)
const moments = fc.integer({ min: -6, max: 20 })
const missing = fc.constant(undefined)
const flags = fc.oneof(fc.constantFrom(0, 1), missing)
const texts = fc.oneof(fc.constantFrom('', 'a', 'ab', 'b', '\u{1f600}', '\uffee', '\ud7ff', 'é'), missing)

/** Known before, at, soon after or long after the event. */
const arrivals = fc.oneof(fc.constant(0), fc.integer({ min: -3, max: 30 }))

const eventsOf = (numbers: fc.Arbitrary<number>): fc.Arbitrary<NaiveEvent[]> => {
  const event = fc.record({
    key: keys,
    timeUs: moments,
    lagUs: arrivals,
    tie: fc.integer({ min: 0, max: 2 }),
    number: numbers,
    flag: flags,
    keep: flags,
    text: texts,
    moment: fc.oneof(moments, missing),
  })
  const plain = (
    { key, timeUs, lagUs, tie, number, flag, keep, text, moment }: typeof event extends fc.Arbitrary<infer E> ? E : never,
    withTies: boolean,
  ): NaiveEvent => ({
    key,
    timeUs,
    knownAtUs: timeUs + lagUs,
    ...(withTies ? { tie } : {}),
    row: { number: Number.isNaN(number) ? undefined : number, flag, keep, text, moment },
  })
  return fc
    .tuple(fc.array(event, { maxLength: 60, size: 'max' }), fc.boolean())
    .map(([all, withTies]) => all.map(each => plain(each, withTies)))
}
const allEvents = valueFamilies.chain(eventsOf)

const VALUES: Readonly<Record<AggregateName, readonly (string | undefined)[]>> = {
  count: [undefined, 'number', 'text', 'flag'],
  sum: ['number'],
  mean: ['number'],
  share: ['flag'],
  std: ['number'],
  min: ['number', 'moment'],
  max: ['number', 'moment'],
  first: ['number', 'text', 'flag', 'moment'],
  last: ['number', 'text', 'flag', 'moment'],
  current: ['number', 'text', 'flag', 'moment'],
  distinct: ['number', 'text', 'flag', 'moment'],
  mode: ['number', 'text', 'flag', 'moment'],
  timeSinceLast: [undefined],
}
const RANKED: readonly AggregateName[] = ['last', 'mode']
const variants = (Object.entries(VALUES) as [AggregateName, readonly (string | undefined)[]][]).flatMap(([aggregate, values]) =>
  values.map(value => ({ aggregate, value })),
)
const features: fc.Arbitrary<NaiveFeature> = fc
  .record({
    variant: fc.constantFrom(...variants),
    window: fc.constantFrom(...WINDOWS),
    delayUs: fc.constantFrom(0, 0, 3),
    where: fc.constantFrom(undefined, undefined, 'keep'),
    fallback: fc.constantFrom(undefined, undefined, -1),
    rank: fc.constantFrom(1, 2, 3),
  })
  .map(({ variant: { aggregate, value }, window, delayUs, where, fallback, rank }) => ({
    aggregate,
    ...(rank > 1 && RANKED.includes(aggregate) ? { rank } : {}),
    delayUs,
    ...(value === undefined ? {} : { value }),
    ...(aggregate === 'current' ? {} : window),
    ...(where === undefined ? {} : { where }),
    ...(fallback === undefined || value === 'text' ? {} : { default: fallback }),
  }))
const someFeatures = fc.array(features, { minLength: 1, maxLength: 10, size: 'max' })
const queries: fc.Arbitrary<NaiveQuery[]> = fc.array(fc.record({ key: keys, asOfUs: fc.integer({ min: -8, max: 45 }) }), {
  minLength: 1,
  maxLength: 12,
  size: 'max',
})

const event = (timeUs: number, number: number | undefined, knownAtUs = timeUs): NaiveEvent => ({
  key: 0,
  timeUs,
  knownAtUs,
  row: { number },
})
const feature = (aggregate: AggregateName, windowUs?: number, delayUs = 0): NaiveFeature => ({
  aggregate,
  delayUs,
  ...(aggregate === 'timeSinceLast' || aggregate === 'count' ? {} : { value: 'number' }),
  ...(windowUs === undefined ? {} : { windowUs }),
})
const ask = (each: NaiveFeature, events: readonly NaiveEvent[], asOfUs: number, clock: ClockName = 'as-served') =>
  valueAt(computed([each], events, [{ key: 0, asOfUs }], clock)[0] as Column, 0)

describe('a feature group', () => {
  it('gives the bits of the naive version', () => {
    fc.assert(
      fc.property(someFeatures, allEvents, queries, clocks, (each, events, asked, clock) => {
        assertAsNaive(each, events, asked, clock)
      }),
      RUNS,
    )
  })

  it('gives the bits of the naive version as of one moment for all keys', () => {
    const oneMoment = fc
      .tuple(fc.array(keys, { minLength: 1, maxLength: 12 }), fc.integer({ min: -8, max: 45 }))
      .map(([all, asOfUs]) => all.map(key => ({ key, asOfUs })))
    fc.assert(
      fc.property(someFeatures, allEvents, oneMoment, clocks, (each, events, asked, clock) => {
        assertAsNaive(each, events, asked, clock)
      }),
      RUNS,
    )
  })

  it('gives the same bits for any order of events and of queries', () => {
    const shuffled = fc
      .tuple(allEvents, queries)
      .chain(([events, asked]) =>
        fc.tuple(
          fc.constant(events),
          fc.constant(asked),
          fc.shuffledSubarray(events, { minLength: events.length }),
          fc.shuffledSubarray([...asked.keys()], { minLength: asked.length }),
        ),
      )
    fc.assert(
      fc.property(someFeatures, shuffled, clocks, (each, [events, asked, otherEvents, order], clock) => {
        const first = computed(each, events, asked, clock)
        const second = computed(
          each,
          otherEvents,
          order.map(i => asked[i]!),
          clock,
        )
        first.forEach((column, f) => order.forEach((i, row) => assert.ok(Object.is(valueAt(column, i), valueAt(second[f]!, row)))))
      }),
      RUNS,
    )
  })

  it('gives one key with others the bits of that key alone', () => {
    fc.assert(
      fc.property(someFeatures, allEvents, queries, clocks, (each, events, asked, clock) => {
        const whole = computed(each, events, asked, clock)
        asked.forEach((query, row) => {
          const alone = computed(
            each,
            events.filter(({ key }) => key === query.key),
            [query],
            clock,
          )
          whole.forEach((column, f) => assert.ok(Object.is(valueAt(column, row), valueAt(alone[f]!, 0))))
        })
      }),
      { numRuns: RUNS.numRuns / 4 },
    )
  })

  it('sums integers in plain doubles to the bits of wide sums', () => {
    const scale = 2 ** -40
    const integers = eventsOf(fc.integer({ min: -2000, max: 2000 }))
    const sums = [undefined, 4, 10].flatMap(windowUs =>
      (['sum', 'mean', 'std', 'min', 'max', 'first', 'last'] as const).map(aggregate => feature(aggregate, windowUs)),
    )
    fc.assert(
      fc.property(integers, queries, clocks, (events, asked, clock) => {
        const scaled = events.map(each => ({
          ...each,
          row: { ...each.row, number: each.row.number === undefined ? undefined : (each.row.number as number) * scale },
        }))
        const [plain, wide] = [computed(sums, events, asked, clock), computed(sums, scaled, asked, clock)]
        plain.forEach((column, f) =>
          asked.forEach((_, row) => {
            const [a, b] = [valueAt(column, row), valueAt(wide[f]!, row)]
            assert.ok(a === undefined ? b === undefined : Object.is((a as number) * scale, b))
          }),
        )
      }),
      RUNS,
    )
  })

  it('gives as of one moment the bits that many moments give, for many keys', () => {
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    const text = () => ['a', 'b', 'long, and like others', undefined][random(4)]
    const numbers: readonly (() => number | undefined)[] = [
      () => random(50),
      () => random(10_000) / 100,
      () => [undefined, 1e300, 0.1][random(3)],
    ]
    for (const number of numbers) {
      const events = Array.from({ length: 20_000 }, (_, i): NaiveEvent => {
        const timeUs = Math.floor(i / 100) + random(20)
        const row = { number: number(), text: text(), flag: random(2), keep: random(3) === 0 ? undefined : 1 }
        return { key: random(3000) - 1, timeUs, knownAtUs: timeUs + random(3) * random(40), tie: random(4), row }
      })
      const each = variants.flatMap(({ aggregate, value }) =>
        (value === 'moment' ? [] : [{ windowUs: 60 }, { windowUs: 150 }]).map((window): NaiveFeature => {
          return { aggregate, delayUs: random(2), ...(aggregate === 'current' ? {} : window), ...(value === undefined ? {} : { value }) }
        }),
      )
      const asked = Array.from({ length: 2999 }, (_, key) => ({ key, asOfUs: 190 }))
      const one = computed(each, events, asked, 'as-served')
      const many = computed(each, events, [...asked, { key: 0, asOfUs: 1 }], 'as-served')
      one.forEach((column, f) =>
        asked.forEach((_, row) => assert.ok(Object.is(valueAt(column, row), valueAt(many[f]!, row)), each[f]?.aggregate)),
      )
      const some = asked.filter(({ key }) => key % 100 === 7)
      const alone = events.filter(({ key }) => key % 100 === 7)
      assertAsNaive(each, alone, some, 'as-served')
    }
  })

  it('is right over long segments, with late events among many', () => {
    let seed = 42
    const random = (below: number) => {
      seed = (seed * 48271) % 2147483647
      return seed % below
    }
    const events = Array.from({ length: 3000 }, (_, i) => event(i + random(5), random(1000) / 10, i + random(3) * random(200)))
    const asked = Array.from({ length: 40 }, () => ({ key: 0, asOfUs: random(3300) }))
    const each = [100, 1500, undefined].flatMap(windowUs =>
      (['count', 'sum', 'mean', 'std', 'min', 'max', 'first', 'last', 'distinct', 'timeSinceLast'] as const).map(aggregate =>
        feature(aggregate, windowUs, 7),
      ),
    )
    assertAsNaive(each, events, asked, 'as-served')
    for (const one of asked.slice(0, 6)) assertAsNaive(each, events, [one], 'as-served')
    const valued = (value: (number: number) => number) =>
      events.map(({ row, ...rest }) => ({ ...rest, row: { number: value(row.number as number) } }))
    assertAsNaive(
      each,
      valued(number => Math.round(number)),
      asked,
      'as-served',
    )
    assertAsNaive(
      each,
      valued(number => (number - 50) * 2 ** (random(100) - 50)),
      asked,
      'as-served',
    )
    // Falling, then rising: the longest staircases.
    const falling = events.map((each, i) => ({ ...each, row: { number: -i * 3.25 } }))
    assertAsNaive(each, falling, asked, 'as-served')
    assertAsNaive(
      each,
      falling.map((each, i) => ({ ...each, row: { number: i / 3 } })),
      asked,
      'corrected',
    )
  })
})

describe('a window', () => {
  it('has its start in and its end out', () => {
    assert.equal(ask(feature('count', 10), [event(90, 1)], 100), 1)
    assert.equal(ask(feature('count', 10), [event(89, 1)], 100), 0)
    assert.equal(ask(feature('count', 10), [event(99, 1)], 100), 1)
    assert.equal(ask(feature('count', 10), [event(100, 1)], 100), 0)
    assert.equal(ask(feature('count'), [event(-(10 ** 15), 1)], 100), 1)
  })

  it('is shifted back by a delay at both ends', () => {
    assert.equal(ask(feature('count', 10, 5), [event(85, 1)], 100), 1)
    assert.equal(ask(feature('count', 10, 5), [event(84, 1)], 100), 0)
    assert.equal(ask(feature('count', 10, 5), [event(94, 1)], 100), 1)
    assert.equal(ask(feature('count', 10, 5), [event(95, 1)], 100), 0)
    assert.equal(ask(feature('timeSinceLast', 10, 5), [event(94, 1)], 100), 6)
  })

  it('counts what is known at the as-of, unless corrected', () => {
    assert.equal(ask(feature('count', 10), [event(95, 1, 100)], 100), 1)
    assert.equal(ask(feature('count', 10), [event(95, 1, 101)], 100), 0)
    assert.equal(ask(feature('count', 10), [event(95, 1, 101)], 100, 'corrected'), 1)
    assert.equal(ask(feature('count', 10), [event(95, 1, 500)], 500), 0)
    assert.equal(ask(feature('count'), [event(95, 1, 500)], 500), 1)
    assert.equal(ask(feature('count', 10), [event(100, 1, 50)], 100), 0)
  })

  it('holds at the ends of time', () => {
    const most = 2 ** 53 - 1
    assert.equal(ask(feature('count', most), [event(-most, 1)], 1), 0)
    assert.equal(ask(feature('count', most), [event(-most, 1)], 0), 1)
    assert.equal(ask(feature('count', most, most), [event(-most, 1)], most), 1)
    assert.equal(ask(feature('count', most - 1, most), [event(-most, 1)], most), 0)
    assert.equal(ask(feature('count', 1), [event(most - 1, 1)], most), 1)
    assert.equal(ask(feature('count', 1, 1), [event(most - 1, 1)], most), 0)
    assert.equal(ask(feature('mean', most, most), [event(most - 1, 1)], -most), undefined)
  })
})

describe('an aggregate', () => {
  const huge = [event(1, 1e308), event(2, 1e308)]

  it('follows IEEE where a sum overflows, and not where only its parts do', () => {
    assert.equal(ask(feature('sum'), huge, 9), Number.POSITIVE_INFINITY)
    assert.equal(ask(feature('mean'), huge, 9), 1e308)
    assert.equal(ask(feature('std'), huge, 9), 0)
    assert.equal(ask(feature('std'), [event(1, 1e308), event(2, -1e308)], 9), Number.POSITIVE_INFINITY)
    assert.equal(ask(feature('sum'), [...huge, event(3, -1e308)], 9), 1e308)
  })

  it('follows IEEE with infinities', () => {
    const [up, down] = [event(1, Number.POSITIVE_INFINITY), event(2, Number.NEGATIVE_INFINITY)]
    assert.equal(ask(feature('sum'), [up, event(3, 1)], 9), Number.POSITIVE_INFINITY)
    assert.equal(ask(feature('mean'), [down, event(3, 1)], 9), Number.NEGATIVE_INFINITY)
    assert.equal(ask(feature('sum'), [up, down], 9), undefined)
    assert.equal(ask(feature('mean'), [up, down], 9), undefined)
    assert.equal(ask(feature('std'), [up, event(3, 1)], 9), undefined)
    assert.equal(ask(feature('max'), [up, down], 9), Number.POSITIVE_INFINITY)
    assert.equal(ask(feature('min'), [up, down], 9), Number.NEGATIVE_INFINITY)
    assert.equal(ask(feature('sum', 5), [up, event(8, 1)], 9), 1, 'an infinity that has left')
  })

  it('never gives -0', () => {
    for (const aggregate of ['sum', 'mean', 'min', 'max', 'last'] as const)
      assert.ok(Object.is(ask(feature(aggregate), [event(1, -0)], 9), 0), aggregate)
    assert.ok(Object.is(ask(feature('mean'), [event(1, -5e-324), event(2, 0), event(3, 0)], 9), 0))
    assert.ok(Object.is(ask({ ...feature('mean'), default: -0 }, [], 9), 0))
  })

  it('of nothing is 0 for counts and sums, and else missing or the default', () => {
    for (const aggregate of ['count', 'sum'] as const) assert.equal(ask({ ...feature(aggregate), default: 7 }, [], 9), 0)
    for (const aggregate of ['mean', 'std', 'min', 'max', 'last', 'timeSinceLast'] as const) {
      assert.equal(ask(feature(aggregate), [], 9), undefined)
      assert.equal(ask({ ...feature(aggregate), default: 7 }, [], 9), 7)
    }
    assert.equal(ask({ ...feature('std'), default: 7 }, [event(1, 1)], 9), 7)
  })

  it('orders texts as their UTF-8 bytes where times are equal', () => {
    const lastText: NaiveFeature = { aggregate: 'last', value: 'text', delayUs: 0 }
    const at = (text: string): NaiveEvent => ({ key: 0, timeUs: 1, knownAtUs: 1, row: { text } })
    assert.equal(ask(lastText, [at('\u{10000}'), at('\uffff'), at('z')], 9), '\u{10000}')
    for (const [first, second] of [
      ['ab', 'a'],
      ['a', 'ab'],
    ] as const)
      assert.equal(ask(lastText, [at(first), at(second)], 9), 'ab')
  })

  it('gives missing values one bit pattern', () => {
    const columns = computed(
      (['mean', 'std', 'min', 'max', 'last', 'timeSinceLast'] as const).map(aggregate => feature(aggregate, 1)),
      [event(1, 1), event(1, 2)],
      [
        { key: 0, asOfUs: 0 },
        { key: 0, asOfUs: 9 },
        { key: -1, asOfUs: 9 },
      ],
      'as-served',
    )
    for (const column of columns) {
      const { values } = column as NumberColumn
      assert.deepEqual(
        [...new BigUint64Array(values.buffer)].map(bits => bits.toString(16)),
        new Array(3).fill('7ff8000000000000'),
      )
    }
  })
})

describe('compileGroup', () => {
  const flag = { ref: 'row.flag' } as const
  const number = { ref: 'row.number' } as const

  it('tells names, types, the columns it reads and how far back', () => {
    const group = groupOf([
      { aggregate: 'mean', value: 'number', windowUs: 10, delayUs: 3 },
      { aggregate: 'timeSinceLast', windowUs: 11, where: 'keep', delayUs: 0 },
      { aggregate: 'last', value: 'text', windowUs: 5, delayUs: 0 },
      { aggregate: 'max', value: 'moment', windowUs: 5, delayUs: 0 },
      { aggregate: 'share', value: 'flag', windowUs: 5, delayUs: 0 },
    ])
    const { names, types, columnsUsed, longestUs } = compileGroup(group, SCOPE, 'UTC', 'group')
    assert.deepEqual(names, ['f0', 'f1', 'f2', 'f3', 'f4'])
    assert.deepEqual(types, [
      { kind: 'float64' },
      { kind: 'duration' },
      { kind: 'string' },
      { kind: 'timestamp', zone: 'UTC' },
      { kind: 'float64' },
    ])
    assert.deepEqual([...columnsUsed].toSorted(), ['flag', 'keep', 'moment', 'number', 'text'])
    assert.equal(longestUs, 13)
    assert.equal(compileGroup(groupOf([feature('count', 5), feature('count')]), SCOPE, 'UTC', 'group').longestUs, undefined)
  })

  it('evaluates expressions over the rows', () => {
    const group = {
      ...groupOf([]),
      features: {
        late: {
          aggregate: 'share' as const,
          value: { call: 'gt' as const, args: [number, { constant: 15, kind: 'int64' as const }] },
          delayUs: 0,
        },
      },
    }
    const columns = new Map<string, Column>([
      ['row.number', { type: { kind: 'float64' }, values: Float64Array.of(16, 15, Number.NaN, 40) }],
    ])
    const events: EventColumns = { rows: 4, timeUs: new Float64Array(4), knownAtUs: new Float64Array(4), columns }
    const [late] = compileGroup(group, SCOPE, 'UTC', 'group').compute(
      events,
      new Int32Array(4),
      1,
      { keyOf: Int32Array.of(0), asOfUs: Float64Array.of(1) },
      'as-served',
    )
    assert.equal(valueAt(late as Column, 0), 2 / 3)
  })

  it('refuses what does not fit', () => {
    const refused = (definition: object, code: string) =>
      assert.throws(
        () => compileGroup({ ...groupOf([]), features: { f: { delayUs: 0, ...definition } as never } }, SCOPE, 'UTC', 'group'),
        error => error instanceof PrescoreError && error.code === code,
      )
    refused({ aggregate: 'mean', value: { ref: 'row.nmuber' } }, 'project_invalid')
    refused({ aggregate: 'mean' }, 'wrong_type')
    refused({ aggregate: 'max', value: { ref: 'row.text' } }, 'wrong_type')
    refused({ aggregate: 'last', value: { ref: 'row.text' }, default: 1 }, 'wrong_type')
    refused({ aggregate: 'first', value: { ref: 'row.text' }, default: 1 }, 'wrong_type')
    refused({ aggregate: 'distinct' }, 'wrong_type')
    refused({ aggregate: 'count', where: { call: 'not', args: [number] } }, 'project_invalid')
    assert.ok(compileGroup({ ...groupOf([]), features: { f: { aggregate: 'count', where: flag, delayUs: 0 } } }, SCOPE, 'UTC', 'group'))
  })

  it('refuses times that are missing or not whole', () => {
    const refused = (timeUs: number, knownAtUs: number, asOfUs: number, code: string) =>
      assert.throws(
        () => computed([feature('count')], [event(timeUs, 1, knownAtUs)], [{ key: 0, asOfUs }], 'as-served'),
        error => error instanceof PrescoreError && error.code === code,
      )
    refused(Number.NaN, 1, 1, 'missing_time')
    refused(0.5, 1, 1, 'time_out_of_range')
    refused(1, 2 ** 53, 1, 'time_out_of_range')
    refused(1, 1, Number.NEGATIVE_INFINITY, 'time_out_of_range')
  })

  it('refuses to aggregate integers that would lose digits, but counts them', () => {
    const exact = BigInt64Array.of(2n ** 60n, 1n)
    const column: Column = { type: { kind: 'int64' }, values: Float64Array.of(2 ** 60, 1), exact }
    const run = (aggregate: AggregateName) => {
      const events: EventColumns = {
        rows: 2,
        timeUs: new Float64Array(2),
        knownAtUs: new Float64Array(2),
        columns: new Map([['row.number', column]]),
      }
      return compileGroup(groupOf([{ aggregate, value: 'number', delayUs: 0 }]), SCOPE, 'UTC', 'group').compute(
        events,
        new Int32Array(2),
        1,
        { keyOf: Int32Array.of(0), asOfUs: Float64Array.of(1) },
        'as-served',
      )
    }
    assert.equal(valueAt(run('count')[0] as Column, 0), 2)
    assert.throws(() => run('sum'), { code: 'lossy_cast' })
    for (const each of ['first', 'last', 'distinct'] as const) assert.throws(() => run(each), { code: 'lossy_cast' })
  })
})

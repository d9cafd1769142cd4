/** Random events at their nastiest, and features that look at them. */
import fc from 'fast-check'
import type { AggregateName, PeriodName } from '../../src/project/index.ts'
import { valueFamilies } from '../features/arbitraries.ts'
import type { NaiveEvent, NaiveFeature } from '../features/naive.ts'

const TEXTS = ['', 'a', 'ab', 'b', '\u{1f600}', '\uffee', '\ud7ff', 'é']

/** How a stream of events comes about: short enough to be printed. */
export interface StreamPlan {
  readonly seed: number
  readonly count: number
  readonly keys: number
  /** Event times go on by up to so much from event to event. */
  readonly stepUs: number
  /** One of so many events is late, or is known only later. */
  readonly lateOneIn: number
  readonly latestUs: number
  readonly numbers: readonly number[]
}

/** Numbers below `below`, always the same for a seed. */
export function randomOf(seed: number): (below: number) => number {
  let state = (seed % 2147483646) + 1
  return below => {
    state = (state * 48271) % 2147483647
    return state % below
  }
}

export function streamOf({ seed, count, keys, stepUs, lateOneIn, latestUs, numbers }: StreamPlan, withTies: boolean): NaiveEvent[] {
  const random = randomOf(seed)
  const pick = <T>(values: readonly T[]): T => values[random(values.length)] as T
  let nowUs = 0
  return Array.from({ length: count }, () => {
    nowUs += random(stepUs + 1)
    const isLate = random(lateOneIn) === 0
    const timeUs = isLate ? nowUs - random(latestUs + 1) : nowUs
    const lagUs = random(3) === 0 ? random(latestUs + 1) : random(8) === 0 ? -random(4) : 0
    const number = pick(numbers)
    return {
      key: random(12) === 0 ? -1 : random(keys),
      timeUs,
      knownAtUs: random(60) === 0 ? Number.POSITIVE_INFINITY : Math.max(isLate ? nowUs : timeUs, timeUs + lagUs),
      ...(withTies ? { tie: random(5) } : {}),
      row: {
        number: Number.isNaN(number) ? undefined : number,
        flag: pick([0, 1, undefined]),
        keep: pick([0, 1, 1, undefined]),
        text: pick([...TEXTS, undefined]),
        moment: pick([nowUs, nowUs * 1_000_000, undefined]),
      },
    }
  })
}

const numbers = valueFamilies.chain(family => fc.array(family, { minLength: 1, maxLength: 12 }))

/** Few events of several keys. */
export const shortStreams: fc.Arbitrary<StreamPlan> = fc.record({
  seed: fc.nat(),
  count: fc.integer({ min: 0, max: 60 }),
  keys: fc.integer({ min: 1, max: 4 }),
  stepUs: fc.constantFrom(0, 1, 2),
  lateOneIn: fc.constantFrom(1, 2, 10),
  latestUs: fc.constantFrom(1, 10, 40),
  numbers,
})

/** So many events of a key that they make many blocks, with ties and late ones. */
export const longStreams: fc.Arbitrary<StreamPlan> = fc.record({
  seed: fc.nat(),
  count: fc.integer({ min: 300, max: 900 }),
  keys: fc.constantFrom(1, 2),
  stepUs: fc.constantFrom(1, 2),
  lateOneIn: fc.constantFrom(2, 10, 1000),
  latestUs: fc.constantFrom(3, 100, 1000),
  numbers,
})

/** So many events of one key that their blocks make tiles. */
export const endlessStreams: fc.Arbitrary<StreamPlan> = fc.record({
  seed: fc.nat(),
  count: fc.integer({ min: 4_000, max: 8_000 }),
  keys: fc.constant(1),
  stepUs: fc.constantFrom(1, 2),
  lateOneIn: fc.constantFrom(3, 1000),
  latestUs: fc.constantFrom(3, 30, 2000),
  numbers,
})

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
const variants = Object.entries(VALUES).flatMap(([aggregate, values]) =>
  values.map(value => ({ aggregate: aggregate as AggregateName, value })),
)

type Over = Pick<NaiveFeature, 'windowUs' | 'period'>

function featuresOver(windows: readonly Over[]): fc.Arbitrary<NaiveFeature> {
  return fc
    .record({
      variant: fc.constantFrom(...variants),
      window: fc.constantFrom(...windows),
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
}

/** Features with windows only, or of which some look at all that lies before. */
export function someFeatures(windowsUs: readonly number[], periods: readonly PeriodName[] = []): fc.Arbitrary<NaiveFeature[]> {
  const windows: Over[] = [...windowsUs.map(windowUs => ({ windowUs })), ...periods.map(period => ({ period }))]
  return fc.constantFrom([], [{}]).chain(all => fc.array(featuresOver([...windows, ...all]), { minLength: 1, maxLength: 10, size: 'max' }))
}

/** Features of which some look at all that lies before, and none needs more than a state of constant size for it. */
export function settlingFeatures(windowsUs: readonly number[]): fc.Arbitrary<NaiveFeature[]> {
  const all = featuresOver([{}]).filter(({ aggregate }) => aggregate !== 'distinct' && aggregate !== 'mode')
  const windows = featuresOver(windowsUs.map(windowUs => ({ windowUs })))
  return fc
    .tuple(fc.array(all, { minLength: 1, maxLength: 6, size: 'max' }), fc.array(windows, { maxLength: 4, size: 'max' }))
    .map(([first, then]) => [...first, ...then])
}

/** A stream of events that goes on as long as one likes, and what is asked of it. */
import type { NaiveEvent, NaiveFeature } from '../../features/naive.ts'
import { streamOf } from '../samples.ts'

export const KEYS = 3
export const AS_OF_BACK_US = 40

export const FEATURES: readonly NaiveFeature[] = [
  { aggregate: 'count', delayUs: 0, windowUs: 400 },
  { aggregate: 'sum', value: 'number', delayUs: 0, windowUs: 400 },
  { aggregate: 'std', value: 'number', delayUs: 3, windowUs: 90 },
  { aggregate: 'max', value: 'number', delayUs: 0, windowUs: 30 },
  { aggregate: 'last', value: 'text', delayUs: 0, windowUs: 400 },
]

/** The same state in two groups, of which one has few events of each key and the other so many that they make blocks. */
export const GROUPS: readonly (readonly NaiveFeature[])[] = [FEATURES, [{ aggregate: 'count', delayUs: 0, windowUs: 30 }]]

const BLOCK_EVENTS = 1000
const BLOCK_US = 500
const NUMBERS = [1.1, -2.7, 40, 1e9, Number.NaN, 0.01]
const blocks = new Map<number, readonly NaiveEvent[]>()

/** The events at `from` to before `end` of the stream: always the same. */
export function streamed(from: number, end: number): NaiveEvent[] {
  const first = Math.floor(from / BLOCK_EVENTS)
  const events = Array.from({ length: Math.ceil(end / BLOCK_EVENTS) - first }, (_, i) => blockOf(first + i)).flat()
  return events.slice(from - first * BLOCK_EVENTS, end - first * BLOCK_EVENTS)
}

function blockOf(block: number): readonly NaiveEvent[] {
  const known = blocks.get(block)
  if (known !== undefined) return known
  const plan = { seed: block, count: BLOCK_EVENTS, keys: KEYS, stepUs: 1, lateOneIn: 8, latestUs: 60, numbers: NUMBERS }
  const shifted = ({ timeUs, knownAtUs, ...rest }: NaiveEvent): NaiveEvent => ({
    ...rest,
    timeUs: timeUs + block * BLOCK_US,
    knownAtUs: knownAtUs + block * BLOCK_US,
  })
  const events = streamOf(plan, false).map(shifted)
  blocks.set(block, events)
  return events
}

/** A place to resolve in: ann's answer of three o'clock is published, the clock stands, and the scorer is told. */
import { instantUs } from '../../src/base/index.ts'
import type { LiveScorer } from '../../src/live/index.ts'
import { encodeKey, type Key, type PolicyDefinition, type PredictionDefinition } from '../../src/project/index.ts'
import { type Answer, type AnswerOptions, answerObject, Resolver } from '../../src/resolve/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'

export const CUSTOMER = { id: 'string' } as const
export const ANN = { id: 'ann' }
export const START_US = instantUs('2001-06-15T03:00:00Z', 'start')
export const HOUR_US = 3_600_000_000

export const predictionOf = (policy: Partial<PolicyDefinition>, more: Partial<PredictionDefinition> = {}): PredictionDefinition => ({
  name: 'churn',
  entity: CUSTOMER,
  inputs: {},
  joins: {},
  features: [],
  model: { runtime: 'onnx', file: 'churn.onnx', output: 'probabilities' },
  policy: { mode: 'hybrid', maxAgeUs: HOUR_US, ...policy },
  gates: { coverage: 1 },
  outputs: {},
  ...more,
})

/** A store with ann's answer as of the start, 0.5, and a clock. */
export async function place(afterUs = 0): Promise<{ store: Store; clock: { nowUs(): number; pass(us: number): void } }> {
  let nowUs = START_US + afterUs
  const clock = {
    nowUs: () => nowUs,
    pass: (us: number) => {
      nowUs += us
    },
  }
  const store = memoryStore({ clock })
  const rows = [{ keyBytes: encodeKey(CUSTOMER, ANN), valueText: '0.5' }]
  await store.predictions.load(headerOf('b1', 1, { prediction: 'churn', asOfUs: START_US, dataThroughUs: START_US }), rows)
  store.catalog.putRun(runRecord('b1', { prediction: 'churn' }))
  store.catalog.publish('churn', 'b1', null)
  return { store, clock }
}

export async function resolverWith(live: () => LiveScorer, policy: Partial<PolicyDefinition> = {}, afterUs = 2 * HOUR_US) {
  const { store, clock } = await place(afterUs)
  const attributes = { orders: { count: 'float64' } } as const
  const resolver = new Resolver({ prediction: predictionOf(policy), store, clock, live, attributes })
  const ask = async (options: AnswerOptions = {}, key: Key | undefined = ANN) => answerObject(await resolver.answer(key, options))
  return { store, clock, resolver, ask }
}

/** What tells answers apart. */
export function pick({ source, value, degraded, reason }: Answer) {
  return [source, value, degraded, reason?.code]
}

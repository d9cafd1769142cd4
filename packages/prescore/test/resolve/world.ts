/** A world of one prediction whose clock jumps, whose store and live half fail, and in which all that an answer may rest on is noted. */
import fc from 'fast-check'
import { type Clock, ERRORS, type ErrorCode, PrescoreError } from '../../src/base/index.ts'
import type { LiveRequest, LiveScore, LiveScorer } from '../../src/live/index.ts'
import {
  encodeKey,
  type Inputs,
  inputFingerprint,
  inputsJson,
  type PolicyDefinition,
  type PredictionDefinition,
} from '../../src/project/index.ts'
import { Resolver } from '../../src/resolve/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'

const START_US = Date.parse('2026-06-15T12:00:00Z') * 1000
export const SECOND_US = 1_000_000
const ENTITY = { customer: 'string' } as const
const KINDS = { amount: 'float64' } as const
const CUSTOMERS = ['a', 'b', 'unknown']
export const DEFAULT_VALUE = -1
/** Moves of the clock, in µs. */
const jump = fc.oneof(
  fc.constantFrom(0, 0, 1, -1, SECOND_US, -SECOND_US),
  fc.integer({ min: -20 * SECOND_US, max: 40 * SECOND_US }),
  fc.integer({ min: -9_000 * SECOND_US, max: 9_000 * SECOND_US }),
)
const bound = fc.option(fc.integer({ min: 0, max: 60 }), { nil: undefined })
const code = fc.constantFrom(...(Object.keys(ERRORS) as ErrorCode[]))

/** What the live half does at the next request. */
const behaviour = fc.record({
  fails: fc.option(code, { nil: undefined, freq: 2 }),
  isLate: fc.boolean(),
  waitUs: jump,
  lagUs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 90 * SECOND_US }), fc.constant(Number.POSITIVE_INFINITY)),
  isReady: fc.integer({ min: 0, max: 9 }).map(n => n > 0),
  storeFails: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
})

export const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), us: jump }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('publish' as const), ageUs: jump, throughUs: fc.option(jump) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('override' as const),
      customer: fc.constantFrom(...CUSTOMERS),
      forSeconds: fc.option(fc.integer({ min: 1, max: 40 })),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      customer: fc.constantFrom(...CUSTOMERS),
      prefer: fc.constantFrom('store' as const, 'live' as const, undefined),
      maxAgeSeconds: bound,
      asOfBackUs: fc.option(fc.integer({ min: -200 * SECOND_US, max: 400 * SECOND_US }), { nil: undefined, freq: 3 }),
      amount: fc.constantFrom(undefined, undefined, 1, 2),
      isWhatIf: fc.integer({ min: 0, max: 9 }).map(n => n === 0),
      behaviour,
    }),
  },
)

export const policies: fc.Arbitrary<PolicyDefinition> = fc
  .record({
    mode: fc.constantFrom('batch', 'live', 'hybrid', 'hybrid'),
    age: bound,
    lag: bound,
    remember: bound,
    isDefaulted: fc.boolean(),
  })
  .map(({ mode, age, lag, remember, isDefaulted }) => ({
    mode: mode as PolicyDefinition['mode'],
    ...(age === undefined ? {} : { maxAgeUs: age * SECOND_US }),
    ...(lag === undefined ? {} : { maxLagUs: lag * SECOND_US }),
    ...(remember === undefined || mode === 'batch' ? {} : { rememberUs: remember * SECOND_US }),
    ...(isDefaulted ? { default: { value: DEFAULT_VALUE } } : {}),
  }))

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
export type Ask = Extract<Step, { do: 'ask' }>

/** A live score that was given. */
interface Given {
  readonly customer: string | undefined
  readonly inputs: Inputs
  readonly asOfUs: number
  readonly throughUs: number
  readonly isWhatIf: boolean
}

interface PublishedRow {
  readonly asOfUs: number
  readonly throughUs: number | null
  readonly value: number
}

/** A world of one prediction, in which everything that an answer may rest on is noted. */
export class World {
  nowUs = START_US
  behaviour: Ask['behaviour'] | undefined
  readonly clock: Clock = { nowUs: () => this.nowUs }
  readonly store: Store
  readonly prediction: PredictionDefinition
  readonly resolver: Resolver
  readonly scores = new Map<number, Given>()
  readonly runs = new Map<string, PublishedRow>()
  readonly overrides = new Map<string, { value: number; setAtUs: number; expiresAtUs: number }>()
  liveOutcome: 'not asked' | 'answered' | ErrorCode = 'not asked'

  constructor(policy: PolicyDefinition, takesInputs: boolean) {
    this.store = memoryStore({ clock: this.clock })
    this.prediction = {
      name: 'late',
      entity: ENTITY,
      inputs: takesInputs ? KINDS : {},
      ...(takesInputs ? { inputDefaults: { amount: 0 } } : {}),
      joins: {},
      features: [],
      model: { runtime: 'onnx', file: 'late.onnx', output: 'probabilities' },
      policy,
      gates: { coverage: 1 },
      outputs: {},
    }
    const scorer: LiveScorer = {
      release: 'live',
      featureNames: [],
      stats: undefined,
      score: request => this.#score(request),
      close: async () => {},
    }
    const live = () => {
      if (this.behaviour?.isReady === false) {
        this.liveOutcome = 'not_ready'
        throw new PrescoreError('not_ready')
      }
      return scorer
    }
    this.resolver = new Resolver({ prediction: this.prediction, store: this.#failing(), clock: this.clock, live, attributes: {} })
  }

  get takesInputs(): boolean {
    return Object.keys(this.prediction.inputs).length > 0
  }

  async publish({ ageUs, throughUs }: Extract<Step, { do: 'publish' }>): Promise<void> {
    const run = `run${this.runs.size}`
    const asOfUs = this.nowUs - ageUs
    const through = throughUs === null ? null : asOfUs - Math.abs(throughUs)
    const value = 10_000 + this.runs.size
    const inputs = { amount: this.runs.size % 3 }
    const beside = this.takesInputs ? { fingerprint: inputFingerprint(KINDS, inputs), inputsText: inputsJson(KINDS, inputs) } : {}
    const rows = ['a', 'b'].map(customer => ({ keyBytes: encodeKey(ENTITY, { customer }), valueText: String(value), ...beside }))
    const { catalog, predictions } = this.store
    await predictions.load(
      headerOf(run, rows.length, { asOfUs, dataThroughUs: through, fingerprintBytes: this.takesInputs ? 16 : 0 }),
      rows,
    )
    catalog.putRun(runRecord(run))
    catalog.publish('late', run, catalog.pointer('late')?.run ?? null)
    this.runs.set(run, { asOfUs, throughUs: through, value })
  }

  override({ customer, forSeconds }: Extract<Step, { do: 'override' }>): void {
    const value = 20_000 + this.overrides.size
    const expiresAtUs = forSeconds === null ? null : this.nowUs + forSeconds * SECOND_US
    const key = Buffer.from(encodeKey(ENTITY, { customer })).toString('hex')
    this.store.overrides.set({ prediction: 'late', key, valueText: String(value), author: 'ann', reason: 'because', expiresAtUs })
    this.overrides.set(customer, { value, setAtUs: this.nowUs, expiresAtUs: expiresAtUs ?? Number.POSITIVE_INFINITY })
  }

  /** The inputs of the published run for a customer. */
  rowInputs(customer: string): Inputs {
    const run = this.store.catalog.pointer('late')?.run
    if (run === undefined || customer === 'unknown' || this.prediction.policy.mode === 'live') return {}
    return { amount: Number(run.slice('run'.length)) % 3 }
  }

  #score({ key, inputs, asOfUs, attributes }: LiveRequest): LiveScore | Promise<LiveScore> {
    const { fails, isLate, waitUs, lagUs } = this.behaviour as Ask['behaviour']
    const result = (): LiveScore => {
      if (fails !== undefined) {
        this.liveOutcome = fails
        throw new PrescoreError(fails)
      }
      this.liveOutcome = 'answered'
      const value = 30_000 + this.scores.size
      const throughUs = this.nowUs - lagUs
      this.scores.set(value, { customer: key?.customer as string, inputs, asOfUs, throughUs, isWhatIf: attributes !== undefined })
      return { valueText: String(value), dataThroughUs: throughUs, features: new Float64Array(0) }
    }
    if (!isLate) return result()
    return Promise.resolve().then(() => {
      this.nowUs += waitUs
      return result()
    })
  }

  /** The store, which fails when it is told to. */
  #failing(): Pick<Store, 'catalog' | 'predictions' | 'overrides'> {
    const { catalog, predictions, overrides } = this.store
    const failing = <T extends object>(part: T): T =>
      new Proxy(part, {
        get: (target, name) => {
          const member = Reflect.get(target, name) as unknown
          if (typeof member !== 'function') return member
          return (...args: unknown[]) => {
            if (this.behaviour?.storeFails === true) throw new PrescoreError('store_unreadable', { where: String(name) })
            return member.apply(target, args) as unknown
          }
        },
      })
    return { catalog: failing(catalog), predictions: failing(predictions), overrides: failing(overrides) }
  }
}

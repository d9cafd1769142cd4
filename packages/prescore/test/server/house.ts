/** A server over a memory store with two predictions: `late` (a composite key, published) and `score` (one string column). */
import { type Clock, instantUs, type PrescoreError } from '../../src/base/index.ts'
import { encodeKey, type Key, type KeyColumns, type PolicyDefinition, type PredictionDefinition } from '../../src/project/index.ts'
import { Resolver } from '../../src/resolve/index.ts'
import { createServer, type Server } from '../../src/server/index.ts'
import { memoryStore, type Store } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'

export const SLOT = { origin: 'string', destination: 'string', hour: 'int64' } as const
export const CUSTOMER = { customer: 'string' } as const
export const ACCOUNT = { account: 'int64' } as const
export const AS_OF_US = instantUs('2001-06-15T03:00:00Z', 'as-of')
/** 5,400 seconds after the as-of. */
export const CLOCK: Clock = { nowUs: () => AS_OF_US + 5_400_000_000 }

export function predictionOf(name: string, entity: KeyColumns, policy: Partial<PolicyDefinition> = {}): PredictionDefinition {
  return {
    name,
    entity,
    inputs: {},
    joins: {},
    features: [],
    model: { runtime: 'onnx', file: `${name}.onnx`, output: 'probabilities' },
    policy: { mode: 'batch', ...policy },
    gates: { coverage: 1 },
    outputs: {},
  }
}

export interface House {
  readonly store: Store
  readonly server: Server
  /** What `onDefect` was told. */
  readonly defects: PrescoreError[]
  publish(prediction: string, run: string, values: readonly (readonly [Key, string])[]): Promise<void>
}

export function build(predictions: readonly PredictionDefinition[], store: Store = memoryStore({ clock: CLOCK })): House {
  const defects: PrescoreError[] = []
  const resolvers = predictions.map(prediction => new Resolver({ prediction, store, clock: CLOCK }))
  const server = createServer({
    resolvers,
    catalog: store.catalog,
    overrides: store.overrides,
    clock: CLOCK,
    onDefect: error => void defects.push(error),
  })
  const columnsOf = (name: string) => predictions.find(prediction => prediction.name === name)?.entity ?? {}
  return {
    store,
    server,
    defects,
    async publish(prediction, run, values) {
      const rows = values
        .map(([key, valueText]) => ({ keyBytes: encodeKey(columnsOf(prediction), key), valueText }))
        .sort((a, b) => Buffer.compare(a.keyBytes, b.keyBytes))
      await store.predictions.load(
        headerOf(run, rows.length, { prediction, asOfUs: AS_OF_US, dataThroughUs: AS_OF_US - 120_000_000 }),
        rows,
      )
      store.catalog.putRun(runRecord(run, { prediction, asOfUs: AS_OF_US, dataThroughUs: AS_OF_US, report: { rows: rows.length } }))
      store.catalog.publish(prediction, run, store.catalog.pointer(prediction)?.run ?? null)
    },
  }
}

/** `late`, `score` and `balance`, each with something published. */
export async function furnished(): Promise<House> {
  const house = build([
    predictionOf('late', SLOT, { maxAgeUs: 86_400_000_000 }),
    predictionOf('score', CUSTOMER),
    predictionOf('balance', ACCOUNT),
  ])
  await house.publish('late', 'b81d', [[{ origin: 'JFK', destination: 'LAX', hour: 18 }, '0.31']])
  await house.publish('score', 'c0ff', [
    [{ customer: 'ann' }, '1'],
    [{ customer: '' }, '2'],
    [{ customer: 'a/b?c#d%' }, '3'],
    [{ customer: 'Zoë 🚀' }, '4'],
    [{ customer: '1' }, '5'],
  ])
  await house.publish('balance', 'ba1a', [
    [{ account: 7 }, '7'],
    [{ account: 9007199254740993n }, '93'],
    [{ account: -(2n ** 63n) }, '63'],
  ])
  return house
}

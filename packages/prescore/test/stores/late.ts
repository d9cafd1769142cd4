/** A prediction with an int64 key, and runs of it whose every value tells the run. */
import type { PredictionDefinition } from '../../src/project/index.ts'
import { encodeKey } from '../../src/project/index.ts'
import type { Store, StoredRow } from '../../src/stores/index.ts'
import { runRecord } from '../conformance/catalog.ts'
import { headerOf } from '../conformance/prediction-store.ts'

export const FLIGHT = { flight: 'int64' } as const

export const late: PredictionDefinition = {
  name: 'late',
  entity: FLIGHT,
  inputs: {},
  joins: {},
  features: [],
  model: { runtime: 'onnx', file: 'late.onnx', output: 'probabilities' },
  policy: { mode: 'batch' },
  gates: { coverage: 1 },
  outputs: {},
}

/** The rows of a run: each value is [the run's name as a number, the key]. */
export function* rowsOfRun(run: string, rows: number): Generator<StoredRow> {
  for (let flight = 0; flight < rows; flight++)
    yield { keyBytes: encodeKey(FLIGHT, { flight }), valueText: JSON.stringify([Number(run), flight]) }
}

/** The as-of of a run tells the run, too. */
export function asOfUsOf(run: string): number {
  return Number(run) * 1_000_000
}

/** Loads a run and makes it the one that is served. */
export async function publish(store: Store, run: string, rows = 1_000): Promise<void> {
  await store.predictions.load(headerOf(run, rows, { asOfUs: asOfUsOf(run) }), rowsOfRun(run, rows))
  store.catalog.putRun(runRecord(run))
  store.catalog.publish(late.name, run, store.catalog.pointer(late.name)?.run ?? null)
}

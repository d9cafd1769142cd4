/** A published run of many keys, and the requests for them. */

import { encodeKey, type PredictionDefinition } from '../../packages/prescore/src/project/index.ts'
import { Resolver } from '../../packages/prescore/src/resolve/index.ts'
import { openStore, type RunHeader, STORE_FORMAT, type Store, type StoredRow } from '../../packages/prescore/src/stores/index.ts'

export const KEYS = 1_000_000
const ENTITY = { customer: 'string' } as const

export const churn: PredictionDefinition = {
  name: 'churn',
  entity: ENTITY,
  inputs: {},
  joins: {},
  features: [],
  model: { runtime: 'onnx', file: 'churn.onnx', output: 'probabilities' },
  policy: { mode: 'batch', maxAgeUs: 36 * 3600 * 1e6 },
  gates: { coverage: 1 },
  outputs: {},
}

export function headerOf(run: string): RunHeader {
  const asOfUs = Date.now() * 1000 - 5_400_000_000
  const dataThroughUs = asOfUs - 120_000_000
  return {
    format: STORE_FORMAT,
    run,
    prediction: churn.name,
    release: '9f2c41a07be3',
    asOfUs,
    dataThroughUs,
    rows: KEYS,
    fingerprintBytes: 0,
  }
}

export function customer(index: number): string {
  return `c${String(index).padStart(7, '0')}`
}

/** A float32 probability, in the shortest text that reads back: some 10 digits. */
export function valueText(index: number): string {
  return Math.abs(Math.sin(index + 1)).toPrecision(8)
}

export function* rows(): Generator<StoredRow> {
  for (let index = 0; index < KEYS; index++)
    yield { keyBytes: encodeKey(ENTITY, { customer: customer(index) }), valueText: valueText(index) }
}

/** Loads and publishes a run of {@link rows}. */
export async function publish(store: Store, run: string, prepared: Iterable<StoredRow> = rows()): Promise<void> {
  const header = headerOf(run)
  await store.predictions.load(header, prepared)
  const { prediction, release, asOfUs, dataThroughUs } = header
  const nowUs = Date.now() * 1000
  store.catalog.putRun({
    id: run,
    prediction,
    release,
    asOfUs,
    dataThroughUs,
    state: 'staged',
    createdAtUs: nowUs,
    updatedAtUs: nowUs,
    report: null,
  })
  store.catalog.publish(prediction, run, store.catalog.pointer(prediction)?.run ?? null)
}

export function openResolver(folder: string): { readonly store: Store; readonly resolver: Resolver } {
  const store = openStore(folder)
  return { store, resolver: new Resolver({ prediction: churn, store }) }
}

/** GET requests for keys spread over the whole run, as text on the wire. */
export function requests(count: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const key = customer((i * 7_919_317) % KEYS)
    return `GET /api/predictions/churn/answers/${key} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`
  })
}

/** POST requests for many keys each. */
export function manyRequests(count: number, keys: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const asked = Array.from({ length: keys }, (_, j) => ({ key: { customer: customer(((i * keys + j) * 7_919_317) % KEYS) } }))
    const body = JSON.stringify({ requests: asked })
    const head = `host: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`
    return `POST /api/predictions/churn/answers HTTP/1.1\r\n${head}\r\n\r\n${body}`
  })
}

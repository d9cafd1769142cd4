/** What the protocols are measured with: stored answers, a model of trees and a linear one; the requests for them. */
import { fileURLToPath } from 'node:url'
import { openTensorModel, type TensorModel } from '../../packages/prescore/src/models/index.ts'
import { encodeKey } from '../../packages/prescore/src/project/index.ts'
import { Resolver } from '../../packages/prescore/src/resolve/index.ts'
import { createServer, type Server } from '../../packages/prescore/src/server/index.ts'
import { memoryStore } from '../../packages/prescore/src/stores/index.ts'
import { churn, customer, headerOf } from '../lookup/fixture.ts'

const ROWS = 1_000
export const BATCH_ROWS = 64
const MODELS = {
  /** 100 trees over 27 features. */
  trees: { file: '../../examples/flights/models/late.onnx', features: 27, runtime: 'trees' },
  linear: { file: '../../packages/prescore/test/models/fixtures/linear.onnx', features: 5, runtime: 'onnx' },
} as const
export type ModelName = keyof typeof MODELS

export function modelFile(name: ModelName): string {
  return fileURLToPath(new URL(MODELS[name].file, import.meta.url))
}

/** `churn` with stored answers; the models are `trees.model` and `linear.model`. */
export async function protocolServer(): Promise<Server> {
  const store = memoryStore()
  const rows = Array.from({ length: ROWS }, (_, i) => ({
    keyBytes: encodeKey(churn.entity ?? {}, { customer: customer(i) }),
    valueText: '0.3141592',
  }))
  const header = { ...headerOf('r'), rows: ROWS }
  await store.predictions.load(header, rows)
  const { prediction, release, asOfUs, dataThroughUs } = header
  store.catalog.putRun({
    id: 'r',
    prediction,
    release,
    asOfUs,
    dataThroughUs,
    state: 'staged',
    createdAtUs: 0,
    updatedAtUs: 0,
    report: null,
  })
  store.catalog.publish(prediction, 'r', null)
  const opened = new Map<string, TensorModel>()
  for (const name of Object.keys(MODELS) as ModelName[]) opened.set(name, await openTensorModel(modelFile(name), MODELS[name].runtime))
  const resolvers = [churn, ...[...opened.keys()].map(name => ({ ...churn, name }))].map(each => new Resolver({ prediction: each, store }))
  const models = new Map([...opened].map(([name, model]) => [name, { release: '9f2c41a07be3', model }]))
  return createServer({ resolvers, catalog: store.catalog, modelOf: name => models.get(name)! })
}

/** A whole request as text of single bytes. */
function post(path: string, body: Buffer, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n${headers}content-length: ${body.length}\r\n\r\n${body.toString('latin1')}`
}

/** One row each, for keys in turn. */
export function rowRequests(): string[] {
  return Array.from({ length: ROWS }, (_, i) => {
    const inputs = [{ name: 'customer', datatype: 'BYTES', shape: [1], data: [customer(i)] }]
    return post('/v2/models/churn/infer', Buffer.from(JSON.stringify({ inputs, outputs: [{ name: 'value' }, { name: 'source' }] })))
  })
}

/** 64 rows as raw tensors, in and out. */
export function batchRequests(name: ModelName): string[] {
  const { features } = MODELS[name]
  return Array.from({ length: 20 }, (_, seed) => {
    const raw = Buffer.from(matrix(features, seed).buffer)
    const inputs = [{ name: 'features', datatype: 'FP32', shape: [BATCH_ROWS, features], parameters: { binary_data_size: raw.length } }]
    const json = Buffer.from(JSON.stringify({ inputs, parameters: { binary_data_output: true } }))
    return post(`/v2/models/${name}.model/infer`, Buffer.concat([json, raw]), `inference-header-content-length: ${json.length}\r\n`)
  })
}

export function matrix(features: number, seed: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: BATCH_ROWS * features }, (_, i) => ((i * 7919 + seed * 104_729) % 1_000) / 10)
}

export function featuresOf(name: ModelName): number {
  return MODELS[name].features
}

/** Time of one call of the model with a batch, without a server. */
export async function secondsInProcess(name: ModelName, calls = 500): Promise<number> {
  const model = await openTensorModel(modelFile(name), MODELS[name].runtime)
  const { features } = MODELS[name]
  const outputs = model.outputs.map(output => output.name)
  const data = matrix(features, 1)
  const inputs = new Map([['features', { type: 'float32', shape: [BATCH_ROWS, features], data } as const]])
  for (let i = 0; i < 50; i++) await model.run(inputs, outputs)
  const started = performance.now()
  for (let i = 0; i < calls; i++) await model.run(inputs, outputs)
  const seconds = (performance.now() - started) / 1_000 / calls
  await model.close()
  return seconds
}

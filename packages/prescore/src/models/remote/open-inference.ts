/** A model behind the Open Inference Protocol V2, over raw tensors: no digit is written or read. */
import { PrescoreError } from '../../base/index.ts'
import type { RemoteModelDefinition } from '../../project/index.ts'
import type { TensorSignature } from '../runtime.ts'
import type { Tensor } from '../tensors/tensor.ts'
import { type RemoteClient, type RemoteFacts, signatureOf } from './client.ts'
import { messageOf, type RemoteAnswer, RemoteServer } from './http.ts'

const TYPES: Readonly<Record<string, string>> = {
  BOOL: 'bool',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  FP16: 'float16',
  BF16: 'bfloat16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
}
const DATATYPES = Object.fromEntries(Object.entries(TYPES).map(([name, type]) => [type, name]))
const HEADER = 'inference-header-content-length'

interface WireTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data?: unknown
  readonly parameters?: { readonly binary_data_size?: number }
}

export class OpenInferenceClient implements RemoteClient {
  readonly where: string
  readonly #definition: RemoteModelDefinition
  readonly #server: RemoteServer

  constructor(definition: RemoteModelDefinition) {
    this.#definition = definition
    this.#server = new RemoteServer(definition)
    this.where = this.#server.where
  }

  async facts(frozen: string | undefined): Promise<RemoteFacts> {
    const asked = frozen ?? this.#definition.version
    const version = asked ?? newest(jsonOf(await this.#get(this.#path(undefined)), this.where).versions)
    const metadata = jsonOf(await this.#get(this.#path(version)), this.where)
    await this.#get(`${this.#path(version)}/ready`)
    return { version, signature: signatureOf(this.#tensors(metadata.inputs), this.#tensors(metadata.outputs)) }
  }

  async infer(version: string | undefined, inputs: ReadonlyMap<string, Tensor>, output: TensorSignature): Promise<ArrayLike<number>> {
    const raw = [...inputs.values()].map(({ data }) => bytesOf(data as Float32Array))
    const tensors = [...inputs].map(([name, { type, shape }], i) => ({
      name,
      datatype: DATATYPES[type],
      shape,
      parameters: { binary_data_size: raw[i]?.length },
    }))
    const json = Buffer.from(JSON.stringify({ inputs: tensors, outputs: [{ name: output.name, parameters: { binary_data: true } }] }))
    const headers = { [HEADER]: String(json.length), 'content-type': 'application/octet-stream' }
    const answer = await this.#server.ask({ path: `${this.#path(version)}/infer`, body: Buffer.concat([json, ...raw]), headers })
    if (answer.status !== 200) throw this.#failed(`HTTP ${answer.status}: ${messageOf(answer.body)}`)
    return this.#output(answer, output)
  }

  close(): void {
    this.#server.close()
  }

  #output({ headers, body }: RemoteAnswer, { name, type }: TensorSignature): ArrayLike<number> {
    const jsonBytes = headers[HEADER] === undefined ? body.length : Number(headers[HEADER])
    const { outputs } = jsonOf({ body: body.subarray(0, jsonBytes) }, this.where) as { outputs?: readonly WireTensor[] }
    let at = jsonBytes
    for (const output of Array.isArray(outputs) ? (outputs as readonly WireTensor[]) : []) {
      const size = output.parameters?.binary_data_size
      if (output.name === name && TYPES[output.datatype] === type)
        return size === undefined ? numbersOf(output.data) : numbersIn(body.subarray(at, at + size), type)
      at += size ?? 0
    }
    throw this.#failed(`an answer without the ${type} output \`${name}\``)
  }

  async #get(path: string): Promise<RemoteAnswer> {
    const answer = await this.#server.ask({ path })
    if (answer.status === 200) return answer
    const details = { where: this.where, found: `HTTP ${answer.status}: ${messageOf(answer.body)}` }
    // Triton says 400 for a model that is not ready.
    throw path.endsWith('/ready') ? new PrescoreError('model_unavailable', details) : unreadable(details)
  }

  #path(version: string | undefined): string {
    const path = `/v2/models/${encodeURIComponent(this.#definition.model)}`
    return version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`
  }

  #tensors(value: unknown): readonly TensorSignature[] {
    const isTensor = (each: WireTensor) => typeof each?.name === 'string' && typeof each.datatype === 'string' && Array.isArray(each.shape)
    if (!Array.isArray(value) || !value.every(isTensor))
      throw unreadable({ where: this.where, found: 'metadata without inputs and outputs' })
    return (value as readonly WireTensor[]).map(({ name, datatype, shape }) => ({
      name,
      type: TYPES[datatype] ?? datatype,
      shape: shape.map(length => (length < 0 ? null : length)),
    }))
  }

  #failed(found: string): PrescoreError {
    return new PrescoreError('model_failed', { where: this.where, found })
  }
}

function unreadable(details: { readonly where: string; readonly found: string }): PrescoreError {
  return new PrescoreError('model_unreadable', { ...details, fix: 'Check the url, and the name and the version of the model.' })
}

function jsonOf({ body }: Pick<RemoteAnswer, 'body'>, where: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(body.toString('utf8')) as Readonly<Record<string, unknown>>
  } catch {
    throw unreadable({ where, found: 'an answer that is not JSON' })
  }
}

/** The greatest number among versions; else the last; undefined where the server tells none. */
export function newest(versions: unknown): string | undefined {
  if (!Array.isArray(versions)) return undefined
  const names = versions.filter(version => typeof version === 'string')
  const numbers = names.filter(name => /^\d{1,15}$/.test(name)).toSorted((a, b) => Number(a) - Number(b))
  return numbers.at(-1) ?? names.at(-1)
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}

function numbersIn(bytes: Buffer, type: string): ArrayLike<number> {
  const own = new Uint8Array(bytes)
  const width = type === 'float32' ? 4 : 8
  if (own.length % width !== 0) return []
  return type === 'float32' ? new Float32Array(own.buffer) : new Float64Array(own.buffer)
}

/** Of a server that has no raw tensors; null is NaN. */
function numbersOf(data: unknown): ArrayLike<number> {
  return Array.isArray(data) ? (data.flat(9) as (number | null)[]).map(value => value ?? Number.NaN) : []
}

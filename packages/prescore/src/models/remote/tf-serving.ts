/** A model behind TensorFlow Serving's REST API, asked by columns; numbers go in the shortest text that reads back to their bits. */
import { PrescoreError, readJson } from '../../base/index.ts'
import type { RemoteModelDefinition } from '../../project/index.ts'
import type { TensorSignature } from '../runtime.ts'
import type { Tensor } from '../tensors/tensor.ts'
import { valueText } from '../value-text.ts'
import { type RemoteClient, type RemoteFacts, signatureOf } from './client.ts'
import { messageOf, RemoteServer } from './http.ts'
import { newest } from './open-inference.ts'

const TYPES: Readonly<Record<string, string>> = {
  DT_BOOL: 'bool',
  DT_INT8: 'int8',
  DT_INT16: 'int16',
  DT_INT32: 'int32',
  DT_INT64: 'int64',
  DT_UINT8: 'uint8',
  DT_UINT16: 'uint16',
  DT_UINT32: 'uint32',
  DT_UINT64: 'uint64',
  DT_HALF: 'float16',
  DT_BFLOAT16: 'bfloat16',
  DT_FLOAT: 'float32',
  DT_DOUBLE: 'float64',
  DT_STRING: 'string',
}

type Members = Readonly<Record<string, unknown>>

export class TfServingClient implements RemoteClient {
  readonly where: string
  readonly #definition: RemoteModelDefinition
  readonly #server: RemoteServer
  /** With one output, answers have it bare. */
  #outputs = 0

  constructor(definition: RemoteModelDefinition) {
    this.#definition = definition
    this.#server = new RemoteServer(definition)
    this.where = this.#server.where
  }

  async facts(frozen: string | undefined): Promise<RemoteFacts> {
    const { label, version: declared } = this.#definition
    const asked = frozen ?? declared
    const at =
      asked !== undefined ? `/versions/${encodeURIComponent(asked)}` : label === undefined ? '' : `/labels/${encodeURIComponent(label)}`
    const version = this.#available(await this.#get(`${this.#path()}${at}`))
    const metadata = await this.#get(`${this.#path()}/versions/${encodeURIComponent(version)}/metadata`)
    const { inputs, outputs } = this.#signature(metadata)
    this.#outputs = outputs.length
    return { version, signature: signatureOf(inputs, outputs) }
  }

  async infer(version: string | undefined, inputs: ReadonlyMap<string, Tensor>, output: TensorSignature): Promise<ArrayLike<number>> {
    const texts = [...inputs].map(([name, tensor]) => `${JSON.stringify(name)}:${tensorText(tensor)}`)
    const body = Buffer.from(`{"signature_name":${JSON.stringify(this.#definition.signature)},"inputs":{${texts}}}`)
    const path = `${this.#path()}/versions/${encodeURIComponent(version as string)}:predict`
    const { status, body: answer } = await this.#server.ask({ path, body, headers: { 'content-type': 'application/json' } })
    if (status !== 200) throw this.#failed(`HTTP ${status}: ${messageOf(answer)}`)
    const { outputs } = this.#json(answer)
    const value = this.#outputs === 1 ? outputs : (outputs as Members | undefined)?.[output.name]
    if (!Array.isArray(value)) throw this.#failed(`an answer without the output \`${output.name}\``)
    return value.flat(9) as number[]
  }

  close(): void {
    this.#server.close()
  }

  /** The newest version that is served. */
  #available({ model_version_status: all }: Members): string {
    const served = (Array.isArray(all) ? all : []).filter(({ state }) => state === 'AVAILABLE').map(({ version }) => version as unknown)
    const version = newest(served)
    if (version !== undefined) return version
    throw new PrescoreError('model_unavailable', { where: this.where, found: 'no version that is AVAILABLE' })
  }

  #signature({ metadata }: Members): { readonly inputs: TensorSignature[]; readonly outputs: TensorSignature[] } {
    const { signature = '' } = this.#definition
    const all = (metadata as { signature_def?: { signature_def?: Members } } | undefined)?.signature_def?.signature_def ?? {}
    const found = Object.hasOwn(all, signature) ? (all[signature] as { inputs?: Members; outputs?: Members }) : undefined
    if (found?.inputs === undefined || found.outputs === undefined) {
      const names = Object.keys(all).join(', ')
      throw this.#unreadable(`the signatures ${names === '' ? 'that are none' : names}`, `\`${signature}\``)
    }
    return { inputs: tensorsOf(found.inputs), outputs: tensorsOf(found.outputs) }
  }

  async #get(path: string): Promise<Members> {
    const { status, body } = await this.#server.ask({ path })
    if (status !== 200) throw this.#unreadable(`HTTP ${status}: ${messageOf(body)}`)
    return this.#json(body)
  }

  #json(body: Buffer): Members {
    const text = body.toString('utf8')
    try {
      return JSON.parse(text) as Members
    } catch {
      // NaN and infinities stand bare.
      return this.#tolerant(text)
    }
  }

  #tolerant(text: string): Members {
    try {
      return readJson(text, Number) as Members
    } catch {
      throw this.#unreadable('an answer that is not JSON')
    }
  }

  #path(): string {
    return `/v1/models/${encodeURIComponent(this.#definition.model)}`
  }

  #failed(found: string): PrescoreError {
    return new PrescoreError('model_failed', { where: this.where, found })
  }

  #unreadable(found: string, expected?: string): PrescoreError {
    const fix = 'Check the url, and the name, the version and the signature of the model.'
    return new PrescoreError('model_unreadable', { where: this.where, found, fix, ...(expected === undefined ? {} : { expected }) })
  }
}

interface TensorInfo {
  readonly dtype?: string
  readonly tensor_shape?: { readonly dim?: readonly { readonly size: string }[]; readonly unknown_rank?: boolean }
}

function tensorsOf(infos: Members): TensorSignature[] {
  return Object.entries(infos as Readonly<Record<string, TensorInfo>>)
    .map(([name, { dtype = '', tensor_shape: shape = {} }]) => {
      const axes = (shape.dim ?? []).map(({ size }) => (Number(size) < 0 ? null : Number(size)))
      return { name, type: TYPES[dtype] ?? dtype, shape: shape.unknown_rank === true ? null : axes }
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Rows as lists; all tensors of a model that takes features have one axis or two. */
function tensorText({ type, shape, data }: Tensor): string {
  const texts = Array.from(data as ArrayLike<number | bigint>, value =>
    typeof value === 'bigint' ? String(value) : decimal(value, type as 'float32'),
  )
  if (shape.length === 1) return `[${texts}]`
  const width = shape[1] as number
  return `[${Array.from({ length: shape[0] as number }, (_, row) => `[${texts.slice(row * width, (row + 1) * width)}]`)}]`
}

function decimal(value: number, type: 'float32' | 'float64'): string {
  if (!Number.isFinite(value)) return String(value)
  return Object.is(value, -0) ? '-0.0' : valueText(value, type)
}

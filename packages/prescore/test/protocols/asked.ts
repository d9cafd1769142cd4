/** Requests to a house without a socket, and tensors as clients write them. */
import type { ProtocolHouse } from './house.ts'

export interface Asked {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  readonly bytes: Buffer
  json(): never
}

export interface AskOptions {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD'
}

/** POST where there is a body; texts and bytes go as they are, without a content type, as Triton's client sends them. */
export async function ask({ server }: ProtocolHouse, url: string, { body, headers = {}, method }: AskOptions = {}): Promise<Asked> {
  const payload = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  const response = await server.app.inject({
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    url,
    headers,
    ...(payload === undefined ? {} : { payload }),
  })
  const { statusCode: status, rawPayload: bytes, body: text } = response
  return { status, headers: response.headers, text, bytes, json: () => JSON.parse(text) as never }
}

export interface WireTensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data?: unknown
  readonly parameters?: Readonly<Record<string, unknown>>
}

export function tensor(name: string, datatype: string, data: readonly unknown[], shape: readonly number[] = [data.length]): WireTensor {
  return { name, datatype, shape, data }
}

const WRITERS: Readonly<Record<string, (value: never) => Buffer>> = {
  FP64: (value: number) => Buffer.from(Float64Array.of(value).buffer),
  FP32: (value: number) => Buffer.from(Float32Array.of(value).buffer),
  INT64: (value: number | bigint) => Buffer.from(BigInt64Array.of(BigInt(value)).buffer),
  INT32: (value: number) => Buffer.from(Int32Array.of(value).buffer),
  UINT8: (value: number) => Buffer.from([value]),
  BOOL: (value: boolean) => Buffer.from([value ? 1 : 0]),
  BYTES: (value: string) => {
    const bytes = Buffer.from(value)
    return Buffer.concat([Buffer.from(Uint32Array.of(bytes.length).buffer), bytes])
  },
}

/** The raw elements of a tensor, element by element. */
export function rawOf({ datatype, data }: WireTensor): Buffer {
  return Buffer.concat((data as unknown[]).flat(9).map(value => WRITERS[datatype]!(value as never)))
}

/** A request whose tensors lie behind its JSON. */
export function binaryRequest(tensors: readonly WireTensor[], others: object = {}): { body: Buffer; headers: Record<string, string> } {
  const inputs = tensors.map(({ data: _, ...rest }, i) => ({ ...rest, parameters: { binary_data_size: rawOf(tensors[i]!).length } }))
  const json = Buffer.from(JSON.stringify({ inputs, ...others }))
  return { body: Buffer.concat([json, ...tensors.map(rawOf)]), headers: { 'inference-header-content-length': String(json.length) } }
}

export interface WireOutput {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  readonly data?: readonly unknown[]
  readonly parameters?: { readonly binary_data_size: number }
}

/** The outputs of an answer by name, raw ones as bytes. */
export function outputsOf({ headers, bytes }: Asked): Map<string, WireOutput & { readonly raw?: Buffer }> {
  const length = headers['inference-header-content-length']
  const jsonBytes = length === undefined ? bytes.length : Number(length)
  const { outputs } = JSON.parse(bytes.subarray(0, jsonBytes).toString()) as { outputs: WireOutput[] }
  let at = jsonBytes
  const found = outputs.map(output => {
    if (output.parameters === undefined) return [output.name, output] as const
    at += output.parameters.binary_data_size
    return [output.name, { ...output, raw: bytes.subarray(at - output.parameters.binary_data_size, at) }] as const
  })
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes more than the outputs say`)
  return new Map(found)
}

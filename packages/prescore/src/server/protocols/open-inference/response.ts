/** An inference response: JSON, and behind it the outputs that are sent as raw bytes. */
import { type FloatType, valueText } from '../../../models/index.ts'
import { jsonOutgoing, type Outgoing } from '../exchange.ts'
import { type Subject, versionOf } from '../subject.ts'
import type { NamedTensor } from '../tensors.ts'
import { elementBytes, JSON_LENGTH_HEADER } from './binary.ts'
import { datatypeOf } from './datatypes.ts'
import type { InferRequest } from './request.ts'

export function responseOf(subject: Subject, { id, binary }: InferRequest, tensors: readonly NamedTensor[]): Outgoing {
  const raw: Buffer[] = []
  const outputs = tensors.map(tensor => {
    if (!binary.has(tensor.name)) return `${headOf(tensor)},"data":${dataJson(tensor)}}`
    const bytes = elementBytes(tensor)
    raw.push(bytes)
    return `${headOf(tensor)},"parameters":{"binary_data_size":${bytes.length}}}`
  })
  const release = subject.release()
  const version = release === undefined ? '' : `,"model_version":"${versionOf(release)}"`
  const echoed = id === undefined ? '' : `,"id":${JSON.stringify(id)}`
  const json = `{"model_name":${JSON.stringify(subject.name)}${version}${echoed},"outputs":[${outputs.join(',')}]}`
  if (raw.length === 0) return jsonOutgoing(json)
  const bytes = Buffer.from(json)
  return {
    headers: ['content-type', 'application/octet-stream', JSON_LENGTH_HEADER, String(bytes.length)],
    body: Buffer.concat([bytes, ...raw]),
  }
}

function headOf({ name, type, shape }: NamedTensor): string {
  return `{"name":${JSON.stringify(name)},"datatype":"${datatypeOf(type)}","shape":[${shape.join(',')}]`
}

/** Flat and row-major: floats in the shortest text of their type, whole numbers in full digits; NaN and infinities are null. */
function dataJson({ type, data }: NamedTensor): string {
  if (type === 'string') return JSON.stringify(data)
  if (type === 'bool') return `[${Array.from(data as Uint8Array, value => value === 1).join(',')}]`
  if (type !== 'float32' && type !== 'float64') return `[${data.join(',')}]`
  return `[${Array.from(data as Float64Array, value => floatText(value, type)).join(',')}]`
}

/** Python reads `-0` as the integer 0. */
function floatText(value: number, type: FloatType): string {
  return Object.is(value, -0) ? '-0.0' : valueText(value, type)
}

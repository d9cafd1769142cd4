/** Status and metadata of what is served. TensorFlow Serving and KServe V1 ask for the status at one path: it has what either looks for. */
import { PrescoreError } from '../../../base/index.ts'
import type { TensorType } from '../../../models/index.ts'
import type { Subject } from '../subject.ts'
import type { TensorSpec } from '../tensors.ts'

/** Versions are numbers in this protocol: the one that is served is always 1. */
const VERSION = '1'
const METHOD = 'tensorflow/serving/predict'
/** The signature with nothing but a prediction's value. */
const VALUE_SIGNATURE = 'value'
const DEFAULT_SIGNATURE = 'serving_default'

const DTYPES: Readonly<Record<TensorType, string>> = {
  bool: 'DT_BOOL',
  int8: 'DT_INT8',
  int16: 'DT_INT16',
  int32: 'DT_INT32',
  int64: 'DT_INT64',
  uint8: 'DT_UINT8',
  uint16: 'DT_UINT16',
  uint32: 'DT_UINT32',
  uint64: 'DT_UINT64',
  float32: 'DT_FLOAT',
  float64: 'DT_DOUBLE',
  string: 'DT_STRING',
}

export function statusJson({ name }: { readonly name: string }, failure: PrescoreError | undefined): string {
  const status = { error_code: failure === undefined ? 'OK' : 'UNAVAILABLE', error_message: failure?.message ?? '' }
  const state = failure === undefined ? 'AVAILABLE' : 'START'
  return JSON.stringify({ model_version_status: [{ version: VERSION, state, status }], name, ready: failure === undefined })
}

/** Why a subject cannot answer now. */
export function failureOf(subject: Subject): PrescoreError | undefined {
  return subject.isReady() ? undefined : new PrescoreError('not_ready', { where: subject.name, found: 'nothing to answer with' })
}

export function metadataJson(subject: Subject): string {
  const signatures = signaturesOf(subject).map(signature => [signature, signatureOf(subject, signature)] as const)
  return JSON.stringify({
    model_spec: { name: subject.name, signature_name: '', version: VERSION },
    metadata: { signature_def: { signature_def: Object.fromEntries(signatures) } },
  })
}

/** The outputs of a signature; undefined: there is no such. */
export function signatureOutputs(subject: Subject, signature: string): readonly string[] | undefined {
  const names = subject.outputs.map(({ name }) => name)
  if (signature === '' || signature === DEFAULT_SIGNATURE) return names
  return signaturesOf(subject).includes(signature) ? [VALUE_SIGNATURE] : undefined
}

/** A prediction has a second signature, with its value alone: for clients that want bare numbers. */
function signaturesOf({ outputs }: Subject): readonly string[] {
  return outputs.some(({ name }) => name === 'source') ? [DEFAULT_SIGNATURE, VALUE_SIGNATURE] : [DEFAULT_SIGNATURE]
}

function signatureOf(subject: Subject, signature: string): object {
  const names = signatureOutputs(subject, signature) as readonly string[]
  const infos = (specs: readonly TensorSpec[]) => Object.fromEntries(specs.map(spec => [spec.name, infoOf(spec)] as const))
  const outputs = infos(subject.outputs.filter(({ name }) => names.includes(name)))
  return { inputs: infos(subject.inputs), outputs, method_name: METHOD, defaults: {} }
}

function infoOf({ name, type, shape }: TensorSpec): object {
  const dim = shape.map(length => ({ size: String(length), name: '' }))
  return { dtype: DTYPES[type], tensor_shape: { dim, unknown_rank: false }, name: `${name}:0` }
}

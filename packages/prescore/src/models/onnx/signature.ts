/**
 * The signature of an ONNX file, read from its bytes: ONNX Runtime for Node tells names and types but not the
 * metadata, and says little about what is wrong with a file. Numbers below are field numbers of onnx.proto.
 */

import type { ModelSignature, TensorSignature } from '../runtime.ts'
import { fieldsOf, MalformedMessage } from './protobuf.ts'

/** A signature, with what a release must refuse. */
export interface OnnxFile {
  readonly signature: ModelSignature
  /** Names of the files beside the model that hold some of its weights. */
  readonly weightFiles: readonly string[]
}

const ELEMENT_TYPES = [
  'undefined',
  'float32',
  'uint8',
  'int8',
  'uint16',
  'int16',
  'int32',
  'int64',
  'string',
  'bool',
  'float16',
  'float64',
  'uint32',
  'uint64',
  'complex64',
  'complex128',
  'bfloat16',
]
const TYPE_DEPTH_MAX = 8

/** @throws MalformedMessage when the bytes are not a whole ONNX model. */
export function readOnnx(bytes: Buffer): OnnxFile {
  const graph = new Graph()
  const metadata = new Map<string, string>()
  const found: { opset?: number; producer?: string } = {}
  for (const { number, bytes: field } of fieldsOf(bytes)) {
    if (number === 2) found.producer = field.toString()
    else if (number === 7) graph.read(field)
    else if (number === 8) readOpset(field, found)
    else if (number === 14) metadata.set(...readPair(field))
  }
  if (graph.outputs.length === 0) throw new MalformedMessage('a message without a graph that has outputs')
  const { outputs, operators, weightFiles } = graph
  const signature = {
    inputs: graph.trueInputs(),
    outputs,
    metadata: Object.fromEntries(metadata),
    operators: [...operators].sort(),
    ...found,
  }
  return { signature, weightFiles: [...weightFiles] }
}

class Graph {
  readonly outputs: TensorSignature[] = []
  readonly operators = new Set<string>()
  readonly weightFiles = new Set<string>()
  readonly #inputs: TensorSignature[] = []
  readonly #weights = new Set<string>()

  read(graph: Buffer): void {
    for (const { number, bytes } of fieldsOf(graph)) {
      if (number === 1) this.operators.add(operatorOf(bytes))
      else if (number === 5) this.#readWeight(bytes)
      else if (number === 11) this.#inputs.push(readValue(bytes))
      else if (number === 12) this.outputs.push(readValue(bytes))
    }
  }

  /** Old files list the weights among the inputs, as defaults that nobody gives. */
  trueInputs(): readonly TensorSignature[] {
    return this.#inputs.filter(({ name }) => !this.#weights.has(name))
  }

  #readWeight(tensor: Buffer): void {
    for (const { number, bytes } of fieldsOf(tensor)) {
      if (number === 8) this.#weights.add(bytes.toString())
      else if (number === 13) {
        const [key, value] = readPair(bytes)
        if (key === 'location') this.weightFiles.add(value)
      }
    }
  }
}

function operatorOf(node: Buffer): string {
  let [operator, domain] = ['', '']
  for (const { number, bytes } of fieldsOf(node)) {
    if (number === 4) operator = bytes.toString()
    else if (number === 7) domain = bytes.toString()
  }
  return domain === '' || domain === 'ai.onnx' || domain === 'ai.onnx.ml' ? operator : `${domain}.${operator}`
}

function readValue(info: Buffer): TensorSignature {
  let value: TensorSignature = { name: '', type: 'undefined', shape: null }
  for (const { number, bytes } of fieldsOf(info)) {
    if (number === 1) value = { ...value, name: bytes.toString() }
    else if (number === 2) value = { ...value, ...readType(bytes, 0) }
  }
  return value
}

type ValueType = Pick<TensorSignature, 'type' | 'shape'>

function readType(message: Buffer, depth: number): ValueType {
  if (depth === TYPE_DEPTH_MAX) return { type: '…', shape: null }
  for (const { number, bytes } of fieldsOf(message)) {
    if (number === 1) return readTensorType(bytes)
    if (number === 4) return { type: `sequence(${innerType(bytes, 1, depth)})`, shape: null }
    if (number === 5) return { type: `map(${readTensorType(bytes).type}, ${innerType(bytes, 2, depth)})`, shape: null }
    if (number === 8) return { type: `sparse(${readTensorType(bytes).type})`, shape: null }
    if (number === 9) return { type: `optional(${innerType(bytes, 1, depth)})`, shape: null }
  }
  return { type: 'undefined', shape: null }
}

function innerType(message: Buffer, fieldNumber: number, depth: number): string {
  for (const { number, bytes } of fieldsOf(message)) if (number === fieldNumber) return readType(bytes, depth + 1).type
  return 'undefined'
}

/** Also reads the key of a map, whose element type stands in the same field. */
function readTensorType(message: Buffer): ValueType {
  let value: ValueType = { type: 'undefined', shape: null }
  for (const { number, value: code, bytes } of fieldsOf(message)) {
    if (number === 1) value = { ...value, type: ELEMENT_TYPES[code] ?? `type ${code}` }
    else if (number === 2)
      value = {
        ...value,
        shape: [...fieldsOf(bytes)].filter(dimension => dimension.number === 1).map(dimension => readLength(dimension.bytes)),
      }
  }
  return value
}

/** The length of an axis; a name or anything impossible means variable. */
function readLength(dimension: Buffer): number | null {
  for (const { number, value } of fieldsOf(dimension)) if (number === 1 && Number.isSafeInteger(value)) return value
  return null
}

function readOpset(message: Buffer, found: { opset?: number }): void {
  let [domain, version] = ['', 0]
  for (const { number, value, bytes } of fieldsOf(message)) {
    if (number === 1) domain = bytes.toString()
    else if (number === 2) version = value
  }
  if (domain === '' || domain === 'ai.onnx') found.opset = version
}

function readPair(message: Buffer): [key: string, value: string] {
  const pair: [string, string] = ['', '']
  for (const { number, bytes } of fieldsOf(message)) if (number === 1 || number === 2) pair[number - 1] = bytes.toString()
  return pair
}

/** The nodes of an ONNX graph with their attributes, and its small constants. Numbers below are field numbers of onnx.proto. */
import { type Field, fieldsOf, MalformedMessage, packedVarints } from './protobuf.ts'

/** Attributes and constants as they come: numbers of any type as numbers, negative whole ones as -1 (no index is negative). */
export interface GraphNode {
  readonly operator: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

export interface Attribute {
  readonly int?: number
  readonly text?: string
  readonly numbers?: ArrayLike<number>
  readonly texts?: readonly string[]
}

export interface OnnxGraph {
  readonly nodes: readonly GraphNode[]
  /** Constants of one value, by name. */
  readonly scalars: ReadonlyMap<string, number>
}

const FLOAT = 1
const DOUBLE = 11

/** @throws MalformedMessage */
export function readGraph(model: Buffer): OnnxGraph {
  const nodes: GraphNode[] = []
  const scalars = new Map<string, number>()
  for (const graph of all(model, 7)) {
    for (const { number, bytes } of fieldsOf(graph)) {
      if (number === 1) nodes.push(readNode(bytes))
      else if (number === 5) readScalar(bytes, scalars)
    }
  }
  return { nodes, scalars }
}

function* all(message: Buffer, number: number): Generator<Buffer, void> {
  for (const field of fieldsOf(message)) if (field.number === number) yield field.bytes
}

function readNode(node: Buffer): GraphNode {
  const inputs: string[] = []
  const outputs: string[] = []
  const attributes = new Map<string, Attribute>()
  let [operator, domain] = ['', '']
  for (const { number, bytes } of fieldsOf(node)) {
    if (number === 1) inputs.push(bytes.toString())
    else if (number === 2) outputs.push(bytes.toString())
    else if (number === 4) operator = bytes.toString()
    else if (number === 5) attributes.set(...readAttribute(bytes))
    else if (number === 7) domain = bytes.toString()
  }
  const standard = domain === '' || domain === 'ai.onnx' || domain === 'ai.onnx.ml'
  return { operator: standard ? operator : `${domain}.${operator}`, inputs, outputs, attributes }
}

function readAttribute(attribute: Buffer): [name: string, Attribute] {
  const floats: Buffer[] = []
  const ints: number[] = []
  const texts: string[] = []
  let name = ''
  let single: Attribute = {}
  for (const field of fieldsOf(attribute)) {
    const { number, value, bytes } = field
    if (number === 1) name = bytes.toString()
    else if (number === 3) single = { int: whole(value) }
    else if (number === 4) single = { text: bytes.toString() }
    else if (number === 5) single = { numbers: readTensor(bytes).values }
    else if (number === 7) floats.push(bytes)
    else if (number === 8) pushVarints(ints, field)
    else if (number === 9) texts.push(bytes.toString())
  }
  if (floats.length > 0) return [name, { numbers: floatsOf(Buffer.concat(floats)) }]
  if (ints.length > 0) return [name, { numbers: ints }]
  return [name, texts.length > 0 ? { texts } : single]
}

function readScalar(tensor: Buffer, scalars: Map<string, number>): void {
  const { name, values } = readTensor(tensor)
  const [value] = Array.from(values.length === 1 ? values : [])
  if (value !== undefined) scalars.set(name, value)
}

/** Only tensors of floats and doubles have values here. */
function readTensor(tensor: Buffer): { name: string; values: ArrayLike<number> } {
  const floats: Buffer[] = []
  const doubles: Buffer[] = []
  let [name, type] = ['', 0]
  let raw: Buffer = Buffer.alloc(0)
  for (const { number, value, bytes } of fieldsOf(tensor)) {
    if (number === 2) type = value
    else if (number === 4) floats.push(bytes)
    else if (number === 8) name = bytes.toString()
    else if (number === 9) raw = bytes
    else if (number === 10) doubles.push(bytes)
  }
  if (type === FLOAT) return { name, values: floatsOf(Buffer.concat([...floats, raw])) }
  if (type === DOUBLE) return { name, values: doublesOf(Buffer.concat([...doubles, raw])) }
  return { name, values: [] }
}

function pushVarints(values: number[], { value, bytes }: Field): void {
  if (bytes.length === 0) values.push(whole(value))
  else for (const each of packedVarints(bytes)) values.push(whole(each))
}

function whole(value: number): number {
  return value >= 2 ** 63 ? -1 : value
}

function floatsOf(bytes: Buffer): Float32Array {
  if (bytes.length % 4 !== 0) throw new MalformedMessage(`${bytes.length} bytes of float32`)
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i))
}

function doublesOf(bytes: Buffer): Float64Array {
  if (bytes.length % 8 !== 0) throw new MalformedMessage(`${bytes.length} bytes of float64`)
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => bytes.readDoubleLE(8 * i))
}

/** Writes ensembles as ONNX files, so that tests can make up any: just enough of the format. Numbers are field numbers of onnx.proto. */
export type AttributeValue =
  | number
  | string
  | readonly string[]
  | { readonly floats: readonly number[] }
  | { readonly ints: readonly number[] }

export interface WrittenEnsemble {
  readonly kind: 'TreeEnsembleClassifier' | 'TreeEnsembleRegressor'
  readonly attributes: Readonly<Record<string, AttributeValue>>
  readonly features: number
  readonly outputs: number
  readonly double?: boolean
  /** Lists as one field each, or as a field for every value: both are allowed. */
  readonly packed?: boolean
}

const FLOAT = 1
const INT64 = 7
const DOUBLE = 11

export function writeOnnx({ kind, attributes, features, outputs, double = false, packed = false }: WrittenEnsemble): Buffer {
  const classifier = kind === 'TreeEnsembleClassifier'
  const node = message([
    text(1, 'features'),
    ...(classifier ? [text(2, 'label')] : []),
    text(2, 'scores'),
    text(4, kind),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value, packed))),
    text(7, 'ai.onnx.ml'),
  ])
  const graph = message([
    bytes(1, node),
    text(2, 'g'),
    bytes(11, tensor('features', double ? DOUBLE : FLOAT, features)),
    ...(classifier ? [bytes(12, tensor('label', INT64))] : []),
    bytes(12, tensor('scores', FLOAT, outputs)),
  ])
  const opset = (domain: string, version: number) => bytes(8, message([text(1, domain), varint(2, version)]))
  return message([varint(1, 9), bytes(7, graph), opset('', 17), opset('ai.onnx.ml', 3)])
}

function attribute(name: string, value: AttributeValue, packed: boolean): Buffer {
  const head = text(1, name)
  if (typeof value === 'number') return message([head, varint(3, value), varint(20, 2)])
  if (typeof value === 'string') return message([head, text(4, value), varint(20, 3)])
  if ('floats' in value) {
    const each = value.floats.map(float)
    return message([head, ...(packed ? [bytes(7, message(each))] : each.map(four => message([tag(7, 5), four]))), varint(20, 6)])
  }
  if ('ints' in value) {
    return message([head, ...(packed ? [bytes(8, message(value.ints.map(whole)))] : value.ints.map(int => varint(8, int))), varint(20, 7)])
  }
  return message([head, ...value.map(each => text(9, each)), varint(20, 8)])
}

/** [rows, width], or [rows] without a width. */
function tensor(name: string, type: number, width?: number): Buffer {
  const dimension = (content: Buffer) => bytes(1, content)
  const shape = message([dimension(text(2, 'N')), ...(width === undefined ? [] : [dimension(varint(1, width))])])
  return message([text(1, name), bytes(2, bytes(1, message([varint(1, type), bytes(2, shape)])))])
}

function message(fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields)
}

function tag(number: number, wireType: number): Buffer {
  return whole(number * 8 + wireType)
}

function varint(number: number, value: number): Buffer {
  return message([tag(number, 0), whole(value)])
}

function bytes(number: number, content: Buffer): Buffer {
  return message([tag(number, 2), whole(content.length), content])
}

function text(number: number, content: string): Buffer {
  return bytes(number, Buffer.from(content))
}

function whole(value: number): Buffer {
  const digits: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...digits, left])
    digits.push((left % 128) | 128)
  }
}

function float(value: number): Buffer {
  const four = Buffer.alloc(4)
  four.writeFloatLE(value)
  return four
}

/**
 * A linear model as the bytes of an ONNX file: value = bias + Σ weight × feature, a missing feature as 0. It stands where no model
 * is there yet, so that a project works from its first minute. Numbers below are field numbers of onnx.proto.
 */

export interface LinearModel {
  readonly features: readonly string[]
  readonly weights: readonly number[]
  readonly bias: number
}

const FLOAT = 1

export function linearModel({ features, weights, bias }: LinearModel): Buffer {
  const size = features.length
  const graph = [
    node('IsNaN', ['features'], ['missing']),
    node('Where', ['missing', 'zero', 'features'], ['known']),
    node('MatMul', ['known', 'weights'], ['weighted']),
    node('Add', ['weighted', 'bias'], ['value']),
  ].map(bytes => message(1, bytes))
  const initializers = [tensor('zero', [1], [0]), tensor('weights', [size, 1], weights), tensor('bias', [1], [bias])]
  return Buffer.concat([
    integer(1, 8),
    text(2, 'prescore'),
    message(
      7,
      Buffer.concat([
        ...graph,
        text(2, 'linear'),
        ...initializers.map(bytes => message(5, bytes)),
        message(11, value('features', size)),
        message(12, value('value', 1)),
      ]),
    ),
    message(8, Buffer.concat([text(1, ''), integer(2, 17)])),
    message(14, Buffer.concat([text(1, 'features'), text(2, JSON.stringify(features))])),
  ])
}

function node(operator: string, inputs: readonly string[], outputs: readonly string[]): Buffer {
  return Buffer.concat([...inputs.map(name => text(1, name)), ...outputs.map(name => text(2, name)), text(4, operator)])
}

function tensor(name: string, shape: readonly number[], values: readonly number[]): Buffer {
  return Buffer.concat([
    ...shape.map(length => integer(1, length)),
    integer(2, FLOAT),
    text(8, name),
    message(9, Buffer.from(Float32Array.from(values).buffer)),
  ])
}

/** A tensor of float32, [rows, width]. */
function value(name: string, width: number): Buffer {
  const shape = Buffer.concat([message(1, text(2, 'rows')), message(1, integer(1, width))])
  return Buffer.concat([text(1, name), message(2, message(1, Buffer.concat([integer(1, FLOAT), message(2, shape)])))])
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([varint(field << 3), varint(value)])
}

function text(field: number, value: string): Buffer {
  return message(field, Buffer.from(value))
}

function message(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 128)
  }
}

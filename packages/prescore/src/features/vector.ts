/** The feature vector of a prediction: what its model's input tensor receives, the same in every path. */
import { PrescoreError, type Problem, problem } from '../base/index.ts'
import { type Chunk, compile, inferType, type Kind, numberValues, references, type Scope } from '../expressions/index.ts'
import type { PredictionDefinition } from '../project/index.ts'

export type Precision = 'float32' | 'float64'

export interface FeatureMatrix {
  readonly rows: number
  /** Row-major, rows × features; rounded to the precision once. Missing is NaN. */
  readonly values: Float32Array | Float64Array
  /** 1 for each row with a finite feature that is out of float32's range; absent: there are none. */
  readonly outOfRange: Uint8Array | undefined
}

export interface CompiledVector {
  readonly names: readonly string[]
  /** The names that a chunk's columns must bear: `key.*`, `input.*`, `asOf`, `join.*.*`. */
  readonly columnsUsed: ReadonlySet<string>
  /** The same as float64, a column for each feature, before any rounding; perhaps a column of the chunk itself, so not to be changed. @throws PrescoreError `lossy_cast` where an int64 would lose digits */
  columns(chunk: Chunk): readonly Float64Array[]
  /** Of rows [from, to) of such columns. @param room where the values are put, where they fit into it */
  matrix(
    columns: readonly Float64Array[],
    from: number,
    to: number,
    precision: Precision,
    room?: Float32Array | Float64Array,
  ): FeatureMatrix
}

const MODEL_KINDS: readonly Kind[] = ['int64', 'float64', 'boolean', 'duration']
const SECOND_US = 1_000_000
const NAN_WORDS = new Uint32Array(Float64Array.of(Number.NaN).buffer)

/**
 * @param scope the types of `key.*`, `input.*`, `asOf` and `join.<join>.<feature>`.
 * @throws PrescoreError `non_numeric_feature`, `project_invalid`
 */
export function compileVector({ name: prediction, features }: PredictionDefinition, scope: Scope): CompiledVector {
  const place = (name: string) => `predictions.${prediction}.features.${name}`
  refuse(features.flatMap(({ name, expression }) => problemsOf(expression, scope, place(name))))
  const compiled = features.map(({ name, expression }) => {
    const evaluate = compile(expression, scope, place(name))
    const isDuration = evaluate.type.kind === 'duration'
    return (chunk: Chunk) => asNumbers(numberValues(evaluate(chunk), place(name)), chunk.rows, isDuration)
  })
  return {
    names: features.map(({ name }) => name),
    columnsUsed: new Set(features.flatMap(({ expression }) => [...references(expression)])),
    columns: chunk => compiled.map(evaluate => evaluate(chunk)),
    matrix: matrixOf,
  }
}

function problemsOf(expression: Parameters<typeof inferType>[0], scope: Scope, where: string): readonly Problem[] {
  const { type, problems } = inferType(expression, scope, where)
  if (problems.length > 0 || type === undefined || MODEL_KINDS.includes(type.kind)) return problems
  return [problem('non_numeric_feature', where, type.kind, MODEL_KINDS.join(' or '))]
}

function refuse(problems: readonly Problem[]): void {
  const [first] = problems
  if (first === undefined) return
  const code = problems.every(each => each.code === 'non_numeric_feature') ? 'non_numeric_feature' : 'project_invalid'
  throw new PrescoreError(code, { where: first.where, found: first.found, expected: first.expected, problems })
}

/** Durations in seconds; every missing one the same NaN. Where that is how they are, they are not copied. */
function asNumbers(values: Float64Array, rows: number, isDuration: boolean): Float64Array {
  if (!isDuration && hasOneNaN(values, rows)) return values.subarray(0, rows)
  const numbers = new Float64Array(rows)
  for (let i = 0; i < rows; i++) {
    const value = values[i]!
    numbers[i] = value !== value ? Number.NaN : isDuration ? value / SECOND_US : value
  }
  return numbers
}

/** Whether no NaN has other bits than the one of this engine. */
function hasOneNaN(values: Float64Array, rows: number): boolean {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * rows)
  for (let i = 0; i < rows; i++) {
    const value = values[i]!
    if (value !== value && (words[2 * i] !== NAN_WORDS[0] || words[2 * i + 1] !== NAN_WORDS[1])) return false
  }
  return true
}

/** Rows at a time, so that what is written column by column stays in the processor's caches. */
const TILE_ROWS = 256

function matrixOf(
  columns: readonly Float64Array[],
  from: number,
  to: number,
  precision: Precision,
  room?: Float32Array | Float64Array,
): FeatureMatrix {
  const rows = to - from
  const width = columns.length
  const ofPrecision = precision === 'float32' ? Float32Array : Float64Array
  const isRoom = room instanceof ofPrecision && room.length >= rows * width
  const values = isRoom ? room.subarray(0, rows * width) : new ofPrecision(rows * width)
  for (let tile = 0; tile < rows; tile += TILE_ROWS) {
    const end = Math.min(rows, tile + TILE_ROWS)
    for (let feature = 0; feature < width; feature++) {
      const column = columns[feature]!
      for (let row = tile, at = tile * width + feature; row < end; row++, at += width) values[at] = column[from + row]!
    }
  }
  return { rows, values, outOfRange: precision === 'float32' ? outOfRange(columns, from, values) : undefined }
}

function outOfRange(columns: readonly Float64Array[], from: number, values: Float32Array | Float64Array): Uint8Array | undefined {
  let out: Uint8Array | undefined
  const width = columns.length
  for (let at = 0; at < values.length; at++) {
    const rounded = values[at]!
    if (rounded - rounded === 0 || rounded !== rounded) continue
    const row = Math.floor(at / width)
    if (!isOverflow(columns[at % width]![from + row]!, rounded)) continue
    out ??= new Uint8Array(values.length / width)
    out[row] = 1
  }
  return out
}

function isOverflow(value: number, rounded: number): boolean {
  return Math.abs(rounded) === Number.POSITIVE_INFINITY && Math.abs(value) !== Number.POSITIVE_INFINITY
}

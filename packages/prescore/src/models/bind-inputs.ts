/** Which input takes which features: one tensor that takes the whole vector, or one input for each feature by its name. */
import { PrescoreError, type Problem, problem, suggestion } from '../base/index.ts'
import type { FloatType, TensorSignature } from './runtime.ts'

/** One input takes the whole vector: [rows, features]. */
export interface MatrixBinding {
  readonly kind: 'matrix'
  readonly name: string
  readonly type: FloatType
  /** Rows that a call must have exactly; null: any number. */
  readonly fixedRows: number | null
}

export interface BoundColumn {
  readonly name: string
  readonly type: FloatType | 'int64'
  /** Whether the shape is [rows] or [rows, 1]. */
  readonly rank: 1 | 2
  /** The feature's position in the vector. */
  readonly feature: number
}

/** Each input takes the feature of its name: [rows] or [rows, 1]. */
export interface ColumnsBinding {
  readonly kind: 'columns'
  readonly columns: readonly BoundColumn[]
  readonly fixedRows: number | null
}

export type InputBinding = MatrixBinding | ColumnsBinding

/** What was decided, or why nothing could be. */
export type Decision<T> = { readonly decided: T } | { readonly problems: readonly Problem[] }

/** @throws PrescoreError the problems that keep it from being decided, under the code of the first */
export function decided<T>(decision: Decision<T>): T {
  if ('decided' in decision) return decision.decided
  const { problems } = decision
  const [first] = problems
  if (first === undefined) throw new PrescoreError('internal', { found: 'no decision and no problem' })
  throw new PrescoreError(first.code, { ...first, problems })
}

export function bindInputs(inputs: readonly TensorSignature[], featureNames: readonly string[], where: string): Decision<InputBinding> {
  const [first] = inputs
  if (first === undefined) return { problems: [problem('model_mismatch', where, 'no inputs', 'an input for the feature vector')] }
  return inputs.length === 1 && first.shape?.length !== 1
    ? bindMatrix(first, featureNames.length, where)
    : bindColumns(inputs, featureNames, where)
}

function bindMatrix({ name, type, shape }: TensorSignature, features: number, where: string): Decision<MatrixBinding> {
  const refuse = (found: string, expected: string, fix?: string) => ({
    problems: [problem('model_mismatch', `${where}, input \`${name}\``, found, expected, fix)],
  })
  if (!isFloatType(type)) return refuse(type, 'float32 or float64', typeFix(type))
  const [rows = null, width = null] = shape ?? []
  if (shape !== null && shape.length !== 2) return refuse(`the shape ${shapeText(shape)}`, `[rows, ${features}]`)
  if (width !== null && width !== features) return refuse(`${width} values a row`, `${features}, one for each feature`)
  if (rows === 0) return refuse('a fixed number of rows of 0', 'a variable number of rows')
  return { decided: { kind: 'matrix', name, type, fixedRows: rows } }
}

function bindColumns(inputs: readonly TensorSignature[], featureNames: readonly string[], where: string): Decision<ColumnsBinding> {
  const names = inputs.map(({ name }) => name)
  const results = inputs.map(input => bindColumn(input, featureNames, where))
  const problems = results.flatMap(result => ('problems' in result ? result.problems : []))
  for (const feature of featureNames.filter(name => !names.includes(name))) {
    problems.push(
      problem(
        'model_mismatch',
        `${where}, feature \`${feature}\``,
        'no input of this name',
        'an input for each feature',
        suggestion(feature, names),
      ),
    )
  }
  const lengths = new Set(inputs.map(({ shape }) => shape?.[0] ?? null))
  if (lengths.size > 1 || lengths.has(0)) {
    problems.push(
      problem(
        'model_mismatch',
        where,
        `inputs of ${[...lengths].map(length => length ?? 'any number of').join(', ')} rows`,
        'the same variable number of rows for each',
      ),
    )
  }
  if (problems.length > 0) return { problems }
  const columns = results.flatMap(result => ('decided' in result ? [result.decided] : []))
  return { decided: { kind: 'columns', columns, fixedRows: [...lengths][0] ?? null } }
}

function bindColumn({ name, type, shape }: TensorSignature, featureNames: readonly string[], where: string): Decision<BoundColumn> {
  const refuse = (found: string, expected: string, fix?: string) => ({
    problems: [problem('model_mismatch', `${where}, input \`${name}\``, found, expected, fix)],
  })
  const feature = featureNames.indexOf(name)
  if (feature === -1) return refuse('no feature of this name', 'a feature for each input', suggestion(name, featureNames))
  if (!isFloatType(type) && type !== 'int64') return refuse(type, 'float32, float64 or int64', typeFix(type))
  if (shape !== null && shape.length !== 1 && !(shape.length === 2 && (shape[1] === 1 || shape[1] === null))) {
    return refuse(`the shape ${shapeText(shape)}`, '[rows, 1] or [rows], for several inputs take one feature each')
  }
  return { decided: { name, type, rank: shape?.length === 1 ? 1 : 2, feature } }
}

export function isFloatType(type: string): type is FloatType {
  return type === 'float32' || type === 'float64'
}

/** [rows, 20]: null is a variable length. */
export function shapeText(shape: readonly (number | null)[]): string {
  return `[${shape.map(length => length ?? 'any').join(', ')}]`
}

/** What to do about elements of a type that we do not pass. */
function typeFix(type: string): string {
  if (isHalfFloat(type)) return HALF_FLOAT_FIX
  return type === 'string'
    ? 'Encode the text as numbers in the features, and train the model on those.'
    : 'Export the model with float32 inputs.'
}

export const HALF_FLOAT_FIX = 'Keep float32 at the inputs and outputs (`keep_io_types=True` of onnxconverter-common), or export in float32.'

export function isHalfFloat(type: string): boolean {
  return type === 'float16' || type === 'bfloat16'
}

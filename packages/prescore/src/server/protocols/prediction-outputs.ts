/** Answers as tensors: one output for the value, and one for each thing that an answer says of itself. */
import { ERRORS, PrescoreError } from '../../base/index.ts'
import type { TensorType } from '../../models/index.ts'
import type { AnswerParts } from '../../resolve/index.ts'
import type { NamedTensor, TensorSpec } from './tensors.ts'

/** What came of a row. */
export type RowAnswer = AnswerParts | PrescoreError

interface Output {
  readonly name: string
  readonly type: Extract<TensorType, 'float64' | 'string' | 'bool'>
  readonly of: (answer: AnswerParts) => number | string | boolean | null
  /** Of a row that could not be answered; absent: NaN, the empty text. */
  readonly failed?: (error: PrescoreError) => string | boolean
}

const OTHERS: readonly Output[] = [
  { name: 'source', type: 'string', of: ({ provenance }) => provenance.source },
  { name: 'computed_by', type: 'string', of: ({ provenance }) => provenance.computedBy },
  { name: 'as_of', type: 'string', of: ({ provenance }) => provenance.asOf },
  { name: 'age_seconds', type: 'float64', of: ({ ageSeconds }) => ageSeconds },
  { name: 'data_through', type: 'string', of: ({ provenance }) => provenance.dataThrough },
  { name: 'release', type: 'string', of: ({ provenance }) => provenance.release },
  { name: 'run', type: 'string', of: ({ provenance }) => provenance.run },
  { name: 'degraded', type: 'bool', of: ({ reason }) => reason !== undefined, failed: () => true },
  { name: 'reason', type: 'string', of: ({ reason }) => reason?.code ?? '', failed: ({ code }) => code },
  { name: 'message', type: 'string', of: ({ reason }) => reason?.message ?? '', failed: messageOf },
]
const BY_NAME = new Map(OTHERS.map(output => [output.name, output]))

export const OUTPUTS: readonly TensorSpec[] = [
  { name: 'value', type: 'float64', shape: [-1] },
  ...OTHERS.map(({ name, type }) => ({ name, type, shape: [-1] })),
]

/** @param name of one of {@link OUTPUTS}. */
export function outputTensor(name: string, answers: readonly RowAnswer[]): NamedTensor {
  const output = BY_NAME.get(name)
  if (output === undefined) return valueTensor(answers)
  const { type, of, failed } = output
  const values = answers.map(answer => (answer instanceof PrescoreError ? (failed?.(answer) ?? null) : of(answer)))
  const shape = [values.length]
  if (type === 'string') return { name, type, shape, data: values.map(value => (value ?? '') as string) }
  if (type === 'bool') return { name, type, shape, data: Uint8Array.from(values, value => (value === true ? 1 : 0)) }
  return { name, type, shape, data: Float64Array.from(values, value => (value === null ? Number.NaN : (value as number))) }
}

/** Numbers as [rows]; vectors as [rows, width], in which a row without one is NaN. */
function valueTensor(answers: readonly RowAnswer[]): NamedTensor {
  const values = answers.map(answer =>
    answer instanceof PrescoreError ? null : (JSON.parse(answer.valueText) as number | number[] | null),
  )
  const widths = new Set(values.flatMap(value => (value === null ? [] : [Array.isArray(value) ? value.length : 0])))
  const [width = 0] = widths
  if (widths.size > 1)
    throw new PrescoreError('not_supported', {
      where: 'output `value`',
      found: 'rows of different widths',
      expected: 'one tensor',
      fix: 'Ask for one row at a time: the default, or an override, has another shape than the model’s values.',
    })
  const data = new Float64Array(values.length * Math.max(1, width)).fill(Number.NaN)
  values.forEach((value, row) => {
    if (Array.isArray(value)) data.set(value, row * width)
    else if (value !== null) data[row] = value
  })
  return { name: 'value', type: 'float64', shape: width === 0 ? [values.length] : [values.length, width], data }
}

/** What is ours to mend is told without details. */
function messageOf(error: PrescoreError): string {
  return error.status === 500 ? `${ERRORS[error.code].title}.` : error.message
}

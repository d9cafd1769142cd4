/**
 * A prediction as tensors. In: the columns of its key and its request inputs, each of n rows. Out: the value of each row, and beside
 * it what an answer says of itself. Each row is resolved on its own; one that cannot be answered has NaN for its value, and the code
 * of the error as its reason. Where no row can be, the first error is that of the request.
 */
import { asPrescoreError, PrescoreError } from '../../base/index.ts'
import { checkInputs, type Key } from '../../project/index.ts'
import type { AnswerOptions, AnswerParts, Caller, Resolver } from '../../resolve/index.ts'
import { LIMITS } from '../limits.ts'
import { optionsOfParameters } from './parameters.ts'
import { INPUT_TYPES, type ReadElement, reader } from './prediction-inputs.ts'
import { OUTPUTS, outputTensor, type RowAnswer } from './prediction-outputs.ts'
import type { Call, Subject } from './subject.ts'
import { type NamedTensor, refused, type TensorSpec } from './tensors.ts'

/** A column of the key or a request input, and the tensor that it comes in. */
interface Column {
  readonly name: string
  readonly spec: TensorSpec
  readonly read: ReadElement
}

export class PredictionSubject implements Subject {
  readonly name: string
  readonly platform = 'prescore_prediction'
  readonly inputs: readonly TensorSpec[]
  readonly optional: ReadonlySet<string>
  readonly outputs: readonly TensorSpec[]
  readonly #resolver: Resolver
  readonly #keys: readonly Column[]
  readonly #inputs: readonly Column[]
  readonly #onDefect: (error: PrescoreError) => void

  constructor(resolver: Resolver, onDefect: (error: PrescoreError) => void) {
    const { prediction, keyColumns } = resolver
    this.name = prediction.name
    this.#resolver = resolver
    this.#onDefect = onDefect
    this.#keys = Object.entries(keyColumns).map(([name, kind]) => column(name, name, kind))
    this.#inputs = Object.entries(prediction.inputs).map(([name, kind]) =>
      column(name, Object.hasOwn(keyColumns, name) ? `input.${name}` : name, kind),
    )
    this.inputs = [...this.#keys, ...this.#inputs].map(({ spec }) => spec)
    this.optional = new Set(this.#inputs.map(({ spec }) => spec.name))
    this.outputs = OUTPUTS
  }

  release(): string | undefined {
    return this.#resolver.liveStatus()?.release ?? this.#resolver.served()?.release
  }

  isReady(): boolean {
    return this.#resolver.isReady()
  }

  infer({ inputs, outputs, parameters, caller }: Call): readonly NamedTensor[] | Promise<readonly NamedTensor[]> {
    const rows = rowsOf(inputs)
    const options = optionsOfParameters(parameters)
    const answers = Array.from({ length: rows }, (_, row) => this.#answer(inputs, row, options, caller))
    if (!answers.some(answer => answer instanceof Promise)) return this.#tensors(answers as RowAnswer[], outputs)
    return Promise.all(answers).then(all => this.#tensors(all, outputs))
  }

  #answer(tensors: Call['inputs'], row: number, options: AnswerOptions, caller: Caller): RowAnswer | Promise<RowAnswer> {
    const failed = (thrown: unknown): PrescoreError => {
      const error = asPrescoreError(thrown)
      if (error.status === 500) this.#onDefect(error)
      return error
    }
    try {
      const answer = this.#ask(tensors, row, options, caller)
      return answer instanceof Promise ? answer.catch(failed) : answer
    } catch (error) {
      return failed(error)
    }
  }

  #ask(tensors: Call['inputs'], row: number, options: AnswerOptions, caller: Caller): AnswerParts | Promise<AnswerParts> {
    const { prediction } = this.#resolver
    const key = prediction.entity === undefined ? undefined : (valuesOf(this.#keys, tensors, row) as Key)
    if (this.#inputs.length === 0) return this.#resolver.answer(key, options, caller)
    const inputs = checkInputs(prediction.inputs, valuesOf(this.#inputs, tensors, row))
    return this.#resolver.answer(key, { ...options, inputs }, caller)
  }

  #tensors(answers: readonly RowAnswer[], outputs: readonly string[]): readonly NamedTensor[] {
    const [first] = answers
    if (first instanceof PrescoreError && answers.every(answer => answer instanceof PrescoreError)) throw first
    return outputs.map(name => outputTensor(name, answers))
  }
}

function column(name: string, tensor: string, kind: keyof typeof INPUT_TYPES): Column {
  return { name, spec: { name: tensor, type: INPUT_TYPES[kind], shape: [-1] }, read: reader(kind) }
}

function valuesOf(columns: readonly Column[], tensors: Call['inputs'], row: number): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { name, spec, read } of columns) {
    const tensor = tensors.get(spec.name)
    if (tensor !== undefined) values[name] = read(tensor.data, row)
  }
  return values
}

/** The rows that all tensors have. @throws PrescoreError `invalid_request` */
function rowsOf(inputs: Call['inputs']): number {
  let rows: number | undefined
  for (const { name, data } of inputs.values()) {
    if (rows !== undefined && data.length !== rows) throw refused(`input \`${name}\``, `${data.length} rows`, `${rows}, as the others have`)
    rows = data.length
  }
  if (rows === undefined) throw refused('`inputs`', 'none', 'at least one, which says how many rows there are')
  if (rows > LIMITS.rowsPerInfer) throw refused('`inputs`', `${rows} rows`, `at most ${LIMITS.rowsPerInfer}`)
  return rows
}

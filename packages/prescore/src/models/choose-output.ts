/** Which output, and which element of its rows, is the prediction's value. */
import { type Problem, problem, suggestion } from '../base/index.ts'
import type { ModelDefinition } from '../project/index.ts'
import { type Decision, HALF_FLOAT_FIX, isFloatType, isHalfFloat, shapeText } from './bind-inputs.ts'
import type { FloatType, TensorSignature } from './runtime.ts'

export interface ChosenOutput {
  readonly name: string
  readonly type: FloatType
}

/** The output that the definition names; without a name, the only float tensor. */
export function chooseOutput(
  outputs: readonly TensorSignature[],
  { output, index }: ModelDefinition,
  where: string,
): Decision<ChosenOutput> {
  const candidates = output === '' ? outputs.filter(({ type }) => isFloatType(type)) : outputs.filter(({ name }) => name === output)
  const [chosen] = candidates
  if (chosen === undefined || candidates.length > 1) return { problems: [ambiguous(outputs, candidates, output, where)] }
  const found = unfit(chosen, index, `${where}, output \`${chosen.name}\``, outputs)
  return found === undefined ? { decided: { name: chosen.name, type: chosen.type as FloatType } } : { problems: [found] }
}

function ambiguous(outputs: readonly TensorSignature[], candidates: readonly TensorSignature[], output: string, where: string): Problem {
  const names = outputs.map(({ name }) => name)
  if (output !== '') return problem('model_output', where, `no output \`${output}\``, 'an output of the model', suggestion(output, names))
  if (candidates.length > 1) {
    const floats = candidates.map(({ name }) => name).join(', ')
    return problem(
      'model_output',
      where,
      `the float outputs ${floats}`,
      'only one, or its name',
      `Name one: output: '${candidates[0]?.name}'.`,
    )
  }
  const zipped = outputs.find(({ type }) => isZipped(type))
  return problem(
    'model_output',
    where,
    `no float tensor among the outputs ${names.join(', ')}`,
    'one',
    zipped !== undefined ? ZIPMAP_FIX : outputs.some(({ type }) => isHalfFloat(type)) ? HALF_FLOAT_FIX : undefined,
  )
}

function unfit(
  { type, shape }: TensorSignature,
  index: number | undefined,
  where: string,
  outputs: readonly TensorSignature[],
): Problem | undefined {
  const refuse = (found: string, expected: string, fix?: string) => problem('model_output', where, found, expected, fix)
  if (isZipped(type)) return refuse(type, 'a float32 or float64 tensor', ZIPMAP_FIX)
  if (!isFloatType(type)) return refuse(type, 'a float32 or float64 tensor', isHalfFloat(type) ? HALF_FLOAT_FIX : floatChoices(outputs))
  if (shape === null) return undefined
  if (shape.length === 0 || shape.length > 2)
    return refuse(
      `the shape ${shapeText(shape)}`,
      '[rows] or [rows, values]',
      'Give the model an output with one row of values for each row of its input.',
    )
  const width = shape.length === 1 ? 1 : (shape[1] ?? Number.POSITIVE_INFINITY)
  if (width === 0) return refuse('rows of no values', 'at least one value a row')
  if (index !== undefined && index >= width)
    return refuse(
      `no element [${index}] in rows of ${width}`,
      `an element from [0] to [${width - 1}]`,
      'Correct the number in brackets; it counts from 0.',
    )
  return undefined
}

const ZIPMAP_FIX =
  'Convert the model again with ZipMap off, so that it gives a tensor of probabilities: `options={"zipmap": False}` in skl2onnx, `zipmap=False` in onnxmltools.'

function isZipped(type: string): boolean {
  return type.startsWith('sequence(') || type.startsWith('map(')
}

function floatChoices(outputs: readonly TensorSignature[]): string {
  const names = outputs.filter(({ type }) => isFloatType(type)).map(({ name }) => name)
  return names.length === 0 ? 'Export the model with a float output.' : `Choose a float output: ${names.join(', ')}.`
}

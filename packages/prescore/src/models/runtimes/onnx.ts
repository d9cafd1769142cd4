/**
 * ONNX models, through ONNX Runtime. With one thread only: with more, the bits of a row depend on its batch.
 * Parallelism comes from workers, each with a runner of its own.
 */
import { PrescoreError } from '../../base/index.ts'
import type { ModelDefinition } from '../../project/index.ts'
import { bindInputs, decided } from '../bind-inputs.ts'
import { chooseOutput } from '../choose-output.ts'
import { inputTypeOf } from '../onnx/feeds.ts'
import { readModel } from '../onnx/file.ts'
import { onnxRuntime, SESSION_OPTIONS } from '../onnx/library.ts'
import { callShape } from '../onnx/operators.ts'
import { callModel, type LoadedModel, messageOf, OnnxRunner } from '../onnx/runner.ts'
import { arrayOf, type ModelRunner, type Runtime } from '../runtime.ts'

export const onnx: Runtime = Object.freeze({
  inspect: async (file: string) => (await readModel(file)).signature,
  open,
})

async function open(file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ModelRunner> {
  const { bytes, signature } = await readModel(file)
  const input = decided(bindInputs(signature.inputs, featureNames, file))
  const output = decided(chooseOutput(signature.outputs, definition, file))
  const call = callShape(signature.operators, input.fixedRows)
  const { Tensor, InferenceSession } = await onnxRuntime()
  const session = await InferenceSession.create(bytes, SESSION_OPTIONS).catch((cause: unknown) => {
    throw new PrescoreError('model_unreadable', {
      where: file,
      found: messageOf(cause),
      expected: 'a model that ONNX Runtime can load',
      cause,
    })
  })
  const model: LoadedModel = { file, session, Tensor, features: featureNames.length, input, output, index: definition.index, call }
  try {
    return new OnnxRunner(model, await warmUp(model))
  } catch (error) {
    await session.release()
    throw error
  }
}

/**
 * Calls the model with one row and with as many as a call may take, and learns the width of its output from what comes.
 * Two rows at least, where it takes any number: an output that is not one row for each row of the input shows itself.
 */
async function warmUp(model: LoadedModel): Promise<number> {
  const { rowsMax, multipleOf } = model.call
  const { fixedRows } = model.input
  const width = (await probe(model, 1)) / multipleOf
  const rows = fixedRows ?? Math.max(2, rowsMax)
  const length = await probe({ ...model, call: { rowsMax: rows, multipleOf: 1 } }, rows)
  const where = `${model.file}, output \`${model.output.name}\``
  if (!Number.isInteger(width) || width < 1 || length !== rows * width) {
    throw new PrescoreError('model_output', {
      where,
      found: `${length} values for ${rows} rows`,
      expected: 'the same number of values for each row',
    })
  }
  if (model.index !== undefined && model.index >= width) {
    throw new PrescoreError('model_output', {
      where,
      found: `no element [${model.index}] in rows of ${width}`,
      expected: `an element from [0] to [${width - 1}]`,
    })
  }
  return width
}

/** How many values the output has for so many rows of zeros. */
async function probe(model: LoadedModel, rows: number): Promise<number> {
  const matrix = arrayOf(inputTypeOf(model.input), rows * model.features)
  try {
    return (await callModel(model, matrix, 0, rows)).length
  } catch (cause) {
    throw new PrescoreError('model_mismatch', {
      where: model.file,
      found: messageOf((cause as Error).cause ?? cause),
      expected: `a model that takes ${rows} rows of ${model.features} features`,
      cause,
    })
  }
}

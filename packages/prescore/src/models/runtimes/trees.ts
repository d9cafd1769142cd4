/**
 * Tree ensembles of ONNX files, without ONNX Runtime: the same bits as it with one thread, a row answered at once, and
 * nothing native to load. What it does not run is refused with `not_supported`: then ONNX Runtime runs the model.
 */
import { PrescoreError } from '../../base/index.ts'
import type { ModelDefinition } from '../../project/index.ts'
import { bindInputs, decided } from '../bind-inputs.ts'
import { chooseOutput } from '../choose-output.ts'
import { readModel } from '../onnx/file.ts'
import type { ModelRunner, Runtime } from '../runtime.ts'
import { type Ensemble, readEnsemble } from '../trees/ensemble.ts'
import { type LoadedTrees, TreeRunner } from '../trees/runner.ts'
import { Unsupported } from '../trees/unsupported.ts'

export const trees: Runtime = Object.freeze({
  inspect: async (file: string) => (await readModel(file)).signature,
  open: async (file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ModelRunner> =>
    new TreeRunner(await loadTrees(file, definition, featureNames)),
})

/** @throws PrescoreError `model_unreadable`, `model_mismatch`, `model_output`; `not_supported` with what keeps the model from being run here */
export async function loadTrees(file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<LoadedTrees> {
  const { bytes, signature } = await readModel(file)
  const input = decided(bindInputs(signature.inputs, featureNames, file))
  const output = decided(chooseOutput(signature.outputs, definition, file))
  if (input.kind === 'columns') throw unsupported(file, 'an input for each feature')
  const features = featureNames.length
  const ensemble = read(file, () => readEnsemble(bytes, { operators: signature.operators, input, output: output.name, features }))
  const { index } = definition
  if (index !== undefined && index >= ensemble.targets) {
    throw new PrescoreError('model_output', {
      where: `${file}, output \`${output.name}\``,
      found: `no element [${index}] in rows of ${ensemble.targets}`,
      expected: `an element from [0] to [${ensemble.targets - 1}]`,
    })
  }
  return { file, ensemble, features, inputType: input.type, outputType: output.type, index }
}

function read(file: string, body: () => Ensemble): Ensemble {
  try {
    return body()
  } catch (error) {
    throw error instanceof Unsupported ? unsupported(file, error.message) : error
  }
}

function unsupported(file: string, found: string): PrescoreError {
  return new PrescoreError('not_supported', {
    where: file,
    found,
    expected: 'one tree ensemble from the input to the output',
    fix: 'Nothing: ONNX Runtime runs the model.',
  })
}

import { type Problem, problem } from '../base/index.ts'
import type { ModelDefinition } from '../project/index.ts'
import { bindInputs } from './bind-inputs.ts'
import { chooseOutput } from './choose-output.ts'
import type { ModelSignature } from './runtime.ts'

/**
 * Everything that keeps the model from being fed with the feature vector and read as the definition says.
 * Errors: `model_mismatch` (inputs; names and order where the metadata tells them), `model_output`. A warning where the
 * metadata carries another feature hash than the given one. Empty: it fits, as far as the signature tells.
 */
export function checkModel(
  signature: ModelSignature,
  definition: ModelDefinition,
  featureNames: readonly string[],
  featureHash: string | undefined,
  where: string,
): readonly Problem[] {
  const inputs = bindInputs(signature.inputs, featureNames, where)
  const output = chooseOutput(signature.outputs, definition, where)
  return [
    ...checkOpset(signature.opset, where),
    ...('problems' in inputs ? inputs.problems : []),
    ...checkNames(signature.metadata.features, featureNames, `${where}, metadata \`features\``),
    ...checkHash(signature.metadata.feature_hash, featureHash, `${where}, metadata \`feature_hash\``),
    ...('problems' in output ? output.problems : []),
  ]
}

/** What ONNX Runtime 1.30 promises to run. */
const OPSET_MAX = 26

function checkOpset(opset: number | undefined, where: string): Problem[] {
  if (opset === undefined || opset <= OPSET_MAX) return []
  const fix = `Export the model for an earlier one: opset_version=${OPSET_MAX}, or target_opset=${OPSET_MAX}.`
  return [problem('model_unreadable', where, `operator set ${opset}`, `at most ${OPSET_MAX}`, fix)]
}

/** A vector in another order gives wrong values without any error: the names that the model was trained on must agree. */
function checkNames(text: string | undefined, featureNames: readonly string[], where: string): Problem[] {
  if (text === undefined) return []
  const trained = parseNames(text)
  if (trained === undefined)
    return [
      problem(
        'model_mismatch',
        where,
        text.slice(0, 80),
        'a JSON array of names',
        'Write the names with json.dumps, or leave the entry out.',
        'warning',
      ),
    ]
  const at = Array.from({ length: Math.max(trained.length, featureNames.length) }, (_, i) => i).find(i => trained[i] !== featureNames[i])
  if (at === undefined) return []
  return [problem('model_mismatch', where, `${nameAt(trained, at)} as feature ${at + 1}`, nameAt(featureNames, at))]
}

function nameAt(names: readonly string[], at: number): string {
  const name = names[at]
  return name === undefined ? `nothing after ${names.length} features` : `\`${name}\``
}

function parseNames(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) && value.every(name => typeof name === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

function checkHash(trained: string | undefined, featureHash: string | undefined, where: string): Problem[] {
  if (trained === undefined || featureHash === undefined || trained === featureHash) return []
  const fix = 'Train again on what `prescore dataset` writes now, if the features compute something else than they did.'
  return [problem('model_mismatch', where, trained.slice(0, 12), featureHash.slice(0, 12), fix, 'warning')]
}

/** What a model must stand before it is released: its framework's own answers, and a comparison of the runtimes. */
import { asPrescoreError } from '../base/index.ts'
import type { ModelDefinition } from '../project/index.ts'
import { chooseRuntime, type RuntimeChoice } from './choose-runtime.ts'
import { type ExpectedMatch, type ExpectedRows, matchExpected, readExpectedRows } from './expected-rows.ts'
import { openModel } from './model.ts'
import { arrayOf, type ModelRunner } from './runtime.ts'

export interface ModelProof {
  readonly runtime: RuntimeChoice
  /** Undefined: there are no expected rows beside the model. */
  readonly expected: ExpectedMatch | undefined
}

/**
 * @param chosen the runtime that was chosen when the model was released; undefined: it is chosen now, which needs ONNX Runtime
 * @throws PrescoreError `expected_rows`, `expected_differ`; what opening the model throws
 */
export async function proveModel(
  file: string,
  definition: ModelDefinition,
  featureNames: readonly string[],
  chosen?: RuntimeChoice,
): Promise<ModelProof> {
  const expected = await readExpectedRows(file, definition, featureNames)
  const runtime = chosen ?? (await chooseRuntime(file, definition, featureNames, expected?.rows ?? new Float64Array(0)))
  return { runtime, expected: expected && (await match(expected, file, { ...definition, runtime: runtime.name }, featureNames)) }
}

async function match(
  expected: ExpectedRows,
  file: string,
  { index: _, ...definition }: ModelDefinition,
  featureNames: readonly string[],
): Promise<ExpectedMatch> {
  const runner = await openEither(file, { ...definition, output: expected.output }, featureNames)
  try {
    const matrix = arrayOf(runner.inputType, expected.rows.length)
    matrix.set(expected.rows)
    return matchExpected(expected, await runner.run(matrix, expected.count), featureNames)
  } finally {
    await runner.close()
  }
}

/** The expected rows may be of another output than the one that is served, and that one not of the trees. */
async function openEither(file: string, definition: ModelDefinition, featureNames: readonly string[]): Promise<ModelRunner> {
  try {
    return await openModel(file, definition, featureNames)
  } catch (error) {
    if (asPrescoreError(error).code !== 'not_supported' || definition.runtime === 'onnx') throw error
    return await openModel(file, { ...definition, runtime: 'onnx' }, featureNames)
  }
}

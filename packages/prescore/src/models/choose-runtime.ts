/**
 * Which runtime a release runs its model with: the tree runtime where it gives the bits of ONNX Runtime on every row
 * tried, ONNX Runtime otherwise. Both are there when a release is made; later only the chosen one is needed.
 */
import { asPrescoreError } from '../base/index.ts'
import type { ModelDefinition } from '../project/index.ts'
import { arrayOf, type Matrix, type ModelRunner } from './runtime.ts'
import { loadTrees, RUNTIMES } from './runtimes/index.ts'
import { TreeRunner } from './trees/runner.ts'
import { trialRows } from './trees/trial-rows.ts'

export interface RuntimeChoice {
  readonly name: ModelDefinition['runtime']
  /** Why this one, in words that may follow a colon. */
  readonly reason: string
}

/** Rows made up for the comparison, next to those that were recorded. */
const TRIAL_ROWS = 10_000

/**
 * @param recorded rows of features that the model is known to get, in doubles
 * @throws PrescoreError what opening the model with ONNX Runtime throws
 */
export async function chooseRuntime(
  file: string,
  definition: ModelDefinition,
  featureNames: readonly string[],
  recorded: Float64Array,
): Promise<RuntimeChoice> {
  const reference = await RUNTIMES.onnx.open(file, definition, featureNames)
  try {
    return await compare(reference, file, definition, featureNames, recorded)
  } finally {
    await reference.close()
  }
}

async function compare(
  reference: ModelRunner,
  file: string,
  definition: ModelDefinition,
  featureNames: readonly string[],
  recorded: Float64Array,
): Promise<RuntimeChoice> {
  const loaded = await loadTrees(file, definition, featureNames).catch(asPrescoreError)
  if (loaded instanceof Error)
    return { name: 'onnx', reason: `the tree runtime does not run it (${loaded.details.found ?? loaded.message})` }
  const trees = new TreeRunner(loaded)
  const features = featureNames.length
  const given = arrayOf(trees.inputType, recorded.length)
  given.set(recorded)
  const made = trialRows(loaded.ensemble.thresholds, features, trees.inputType, TRIAL_ROWS)
  for (const [matrix, what] of [
    [given, 'recorded'],
    [made, 'generated'],
  ] as const) {
    const found = await firstDifference(reference, trees, matrix, matrix.length / features)
    if (found !== undefined) return { name: 'onnx', reason: `the tree runtime differs on ${what} row ${found}` }
  }
  const rows = (given.length + made.length) / features
  return {
    name: 'trees',
    reason: `the bits of ONNX Runtime on ${rows.toLocaleString('en-US')} rows, on thresholds, beside them, and with values missing`,
  }
}

async function firstDifference(reference: ModelRunner, trees: ModelRunner, matrix: Matrix, rows: number): Promise<string | undefined> {
  const [expected, found] = await Promise.all([reference.run(matrix, rows), trees.run(matrix, rows)])
  if (expected.length !== found.length) return `0: ${found.length} values instead of ${expected.length}`
  const at = expected.findIndex((value, i) => !Object.is(value, found[i]))
  return at === -1 ? undefined : `${Math.floor(at / reference.width)}: ${found[at]} instead of ${expected[at]}`
}

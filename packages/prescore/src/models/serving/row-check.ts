/** What keeps one row from being scored, found before it joins others. */
import { PrescoreError } from '../../base/index.ts'
import type { Matrix, ModelRunner } from '../runtime.ts'
import type { ScoreOptions } from './served-model.ts'

/** What a served model knows of its model, wherever that runs. */
export type ModelFacts = Pick<ModelRunner, 'inputType' | 'outputType' | 'width' | 'wholeFeatures'> & {
  readonly file: string
  readonly featureNames: readonly string[]
}

/** @throws PrescoreError `invalid_value`, `lossy_cast`, `cancelled` */
export function checkRow(facts: ModelFacts, row: Matrix, { signal }: ScoreOptions): void {
  const { inputType, wholeFeatures, featureNames } = facts
  if (row.length !== featureNames.length || row instanceof Float32Array !== (inputType === 'float32')) throw misfit(facts, row)
  for (const at of wholeFeatures) if (!Number.isSafeInteger(row[at])) throw notWhole(featureNames[at] as string, row[at] as number)
  if (signal?.aborted === true) throw new PrescoreError('cancelled')
}

export function isLate(deadlineAtMs: number | undefined): boolean {
  return deadlineAtMs !== undefined && performance.now() >= deadlineAtMs
}

export function tooLate(): PrescoreError {
  return new PrescoreError('deadline_exceeded', { where: 'the model' })
}

export function closed({ file }: Pick<ModelFacts, 'file'>): PrescoreError {
  return new PrescoreError('model_failed', { where: file, found: 'the model is closed' })
}

function misfit({ file, featureNames, inputType }: ModelFacts, row: Matrix): PrescoreError {
  return new PrescoreError('invalid_value', {
    where: `row for ${file}`,
    found: `${row.length} ${row instanceof Float32Array ? 'float32' : 'float64'} values`,
    expected: `${featureNames.length} ${inputType} values`,
  })
}

function notWhole(feature: string, value: number): PrescoreError {
  return new PrescoreError('lossy_cast', {
    where: `feature \`${feature}\``,
    found: String(value),
    expected: 'a whole number within ±2^53, for the model takes int64',
    fix: 'Declare a default for the feature, round it, or export the model with a float32 input.',
  })
}

/** The inputs that a key has in the population: what a request leaves out is taken from there, whichever step answers. */
import { PrescoreError } from '../base/index.ts'
import { type Inputs, type PredictionDefinition, readInputs } from '../project/index.ts'
import type { Attempt } from './attempt.ts'
import type { PublishedRun } from './published.ts'

/** Looks them up for a live step that is asked before the store step; undefined where the prediction has no stored answers or no inputs. */
export function rowInputsReader(
  { inputs: kinds, entity, policy }: PredictionDefinition,
  published: PublishedRun,
): ((attempt: Attempt) => Inputs | undefined) | undefined {
  if (entity === undefined || policy.mode === 'live' || Object.keys(kinds).length === 0) return undefined
  return ({ keyBytes, rowInputs }) => {
    if (rowInputs !== undefined || keyBytes === undefined) return rowInputs
    try {
      const inputsText = published.current()?.run.entry(keyBytes)?.inputsText
      return inputsText === undefined ? undefined : readInputs(kinds, inputsText)
    } catch (error) {
      // A store that cannot be read does not keep the live step from answering: what is missing takes its default, or is told.
      if (error instanceof PrescoreError) return undefined
      throw error
    }
  }
}

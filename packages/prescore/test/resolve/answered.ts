import assert from 'node:assert/strict'
import type { AnswerParts } from '../../src/resolve/index.ts'

/** An answer that came at once. */
export function answered(given: AnswerParts | Promise<AnswerParts>): AnswerParts {
  assert.ok(!(given instanceof Promise), 'it waits')
  return given
}

import type { AnswerParts } from './answer.ts'

/** Told of what a prediction answers. It is called on the hot path: it must take next to no time, and must not throw. */
export interface AnswerListener {
  /** @param tookMs from when the request was read to when the answer was there. */
  answered(parts: AnswerParts, tookMs: number): void
  /** So many fresh answers of the store, all of one age. @param tookMs of all together. */
  stored(count: number, ageSeconds: number, tookMs: number): void
  /** There is no answer. */
  refused(error: unknown): void
}

/** What a step is: one way to answer, asked in its turn. */
import type { LiveScorer } from '../../live/index.ts'
import type { PredictionDefinition } from '../../project/index.ts'
import type { AnswerParts } from '../answer.ts'
import type { Attempt } from '../attempt.ts'
import type { Memory } from '../memory.ts'
import type { PublishedRun } from '../published.ts'
import type { StandingOverrides } from '../standing.ts'

/**
 * Answers, or leaves it to the next step (undefined) and says in `attempt.obstacle` why. An answer with a `reason` lies outside of
 * the policy: it is taken when no step has one within. A promise where it must wait.
 * A PrescoreError that it throws counts as the obstacle: a dead store does not keep a default from answering.
 */
export type Step = (attempt: Attempt) => AnswerParts | undefined | Promise<AnswerParts | undefined>

/** What steps are made of, at start-up. */
export interface StepContext {
  readonly prediction: PredictionDefinition
  readonly published: PublishedRun
  /** Undefined: the prediction has no entity. */
  readonly standing: StandingOverrides | undefined
  /** The scorer of the moment, or throws why there is none; undefined: nothing is answered live. */
  readonly live: (() => LiveScorer) | undefined
  /** What was answered lately; undefined: nothing is remembered. */
  readonly memory: Memory | undefined
}

/** Makes the step for one prediction; undefined when the prediction has no such step (as a default that is not declared). */
export type StepFactory = (context: StepContext) => Step | undefined

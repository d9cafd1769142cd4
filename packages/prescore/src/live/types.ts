/** What it takes to score one request now. */
import type { PrescoreError } from '../base/index.ts'
import type { LeavingSignal, ServingStats } from '../models/index.ts'
import type { LiveValue } from '../online/index.ts'
import type { AttributeKinds, Attributes, Inputs, Key } from '../project/index.ts'
import type { Release } from '../release/index.ts'

export interface LiveRequest {
  /** Undefined: the request has none, and features of it are missing. */
  readonly key: Key | undefined
  /** Of what is declared; what is absent takes its default. */
  readonly inputs: Inputs
  /** Joined features in the place of what the sources say. */
  readonly attributes?: Attributes | undefined
  readonly asOfUs: number
  /** By `performance.now()`: an answer after it is of no use. */
  readonly deadlineAtMs?: number | undefined
  /** Aborted once nobody waits for the answer: what waits for the model then is not scored. */
  readonly signal?: LeavingSignal | undefined
}

export interface LiveScore {
  /** The value's JSON text. */
  readonly valueText: string
  /** Up to which arrivals the data was read: −Infinity before there were any; null where the prediction reads no events. */
  readonly dataThroughUs: number | null
  /** Why a feed of the data stands still: nothing that arrives is read any more. */
  readonly feedFailure?: PrescoreError
  /** Some feature lacks an event that it could not take. */
  readonly isFlawed?: boolean
  /** Nothing is known of the request's key: no join of it has an event or a row, so that their features are missing. */
  readonly isOfUnknownKey?: boolean
  /** The feature vector before it is rounded to the model's input. */
  readonly features: Float64Array
  /** Joined features that were read for this request alone, as attributes that a request sets. */
  readonly readNow?: Attributes
}

/** Scores requests of one prediction with one release. */
export interface LiveScorer {
  readonly release: string
  readonly featureNames: readonly string[]
  /** What a request may set; undefined before it is opened. */
  readonly attributes?: AttributeKinds | undefined
  /** What goes on in its model; undefined before it is opened. */
  readonly stats: ServingStats | undefined
  /**
   * At once where nothing must be waited for.
   * @throws PrescoreError `missing_input`, `as_of_out_of_range`, `not_ready`, `store_unreadable`, what an expression may throw,
   * `model_failed`, `value_not_finite`, `overloaded`, `deadline_exceeded`, `cancelled`; also as a rejection
   */
  score(request: LiveRequest): LiveScore | Promise<LiveScore>
  close(): Promise<void>
}

/** What goes on in the model of a prediction. */
export interface ModelReport {
  readonly prediction: string
  readonly stats: ServingStats
}

/** What the answers of a scorer are computed from: with it and the request, they can be computed again. */
export interface Ground {
  readonly release: Release
  readonly sources: readonly GroundSource[]
  /** Up to which position of its log each source is in the features now: of what was read in the same turn. */
  positions(): readonly number[]
}

/** A source as its live features have it. */
export interface GroundSource {
  readonly name: string
  /** Digest of the files that the features were filled from. */
  readonly history: string
  /** Where files end that say no end themselves. */
  readonly untilUs?: number
  /** Identifies the log; absent: a table. */
  readonly log?: string
}

/** The features of a prediction's joins, as they were read for one request. */
export interface FeaturesRead {
  /** Of each join, in its order. */
  readonly values: readonly (readonly LiveValue[])[]
  /** Up to which arrivals all events of the joins were read: −Infinity before there were any; null where no join is of events. */
  readonly dataThroughUs: number | null
  /** Why a feed of the joins stands still. */
  readonly feedFailure?: PrescoreError | undefined
  /** Whether features lack events that they could not take. */
  readonly isFlawed?: boolean
  /** As {@link LiveScore.isOfUnknownKey}. */
  readonly isOfUnknownKey?: boolean
  /** The joins whose rows were read for this request alone, by their places. */
  readonly perRequest?: readonly number[]
}

/** Where the features of a prediction's joins are read. */
export interface FeatureReader {
  /**
   * The features of each join for a key of it; undefined where a key column is missing.
   * @param deadlineAtMs by `performance.now()`
   */
  read(keys: readonly (Key | undefined)[], asOfUs: number, deadlineAtMs?: number): FeaturesRead | Promise<FeaturesRead>
  /**
   * Whether any of these joins, by their places, has an event or a row of its key. Events that no window reaches are forgotten in time.
   * @param keys of all joins
   */
  knows(joins: readonly number[], keys: readonly (Key | undefined)[], asOfUs: number, deadlineAtMs?: number): boolean | Promise<boolean>
}

/** A project inside of another program: what it is asked, and what it answers. */
import type { Clock, PrescoreError } from '../base/index.ts'
import type { Answer, AnswerOptions, AnyEvents, AnyPredictions, EventsResult, FailedAnswer, UntypedPredictions } from '../client/index.ts'

export interface OpenOptions {
  /** A project file, or the folder that holds `prescore.config.ts`. */
  readonly project: string
  /** Where releases, runs and stored answers lie; absent: `.prescore` beside the project file. */
  readonly state?: string
  /** What "now" is; absent: the machine's clock. */
  readonly clock?: Clock
  /** Keep live features in this process; absent: where a prediction is live or hybrid. */
  readonly live?: boolean
  /** Threads of the embedded database, which reads history while live features are filled; absent: 2. */
  readonly threads?: number
  /** Told of what keeps a prediction, or a source's feed, from live answers, or answers from being noted; absent: a warning of the process. */
  readonly onFailure?: (where: string, error: PrescoreError) => void
}

type Name<T> = keyof T & string

/** The words of a POST to the server. The key is left out where a prediction has none, and where attributes take its place. */
export type EmbeddedRequest<P extends AnyPredictions, N extends Name<P>> = { readonly key?: P[N]['key'] } & AnswerOptions<P[N]['inputs']>

export interface EmbeddedSource<E> {
  /**
   * Appends events, each judged on its own: resolves when the good ones are on disk, and in the live features.
   * @throws PrescoreError `body_too_large`, `store_unreadable`
   */
  append(events: readonly E[]): Promise<EventsResult>
  /** Says that nothing else has arrived until now. */
  heartbeat(): Promise<void>
}

/** @typeParam P and E: what `prescore types` writes of a project */
export interface Embedded<P extends AnyPredictions = UntypedPredictions, E extends AnyEvents = AnyEvents> {
  /** The project's predictions. */
  readonly predictions: readonly string[]
  /** When all live features that can be filled are filled; never rejects. Answers do not wait for it. */
  readonly ready: Promise<void>
  /** @throws PrescoreError, such as `unknown_key`, as the server's table of codes has them */
  answer<N extends Name<P>>(prediction: N, request: EmbeddedRequest<P, N>): Promise<Answer<P[N]['key'], P[N]['value']>>
  /** In the order of the requests, each on its own: what cannot be answered is `{ error }`, and the others are answered. */
  answers<N extends Name<P>>(
    prediction: N,
    requests: readonly EmbeddedRequest<P, N>[],
  ): Promise<(Answer<P[N]['key'], P[N]['value']> | FailedAnswer)[]>
  /** The event log of a source. @throws PrescoreError `unknown_source`, `not_supported` (a table) */
  events<N extends Name<E>>(source: N): EmbeddedSource<E[N]>
  /** Stores what live features took in, and lets go of files and workers. May be called twice. */
  close(): Promise<void>
}

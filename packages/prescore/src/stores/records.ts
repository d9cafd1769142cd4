/** What the catalog keeps, as plain JSON data. */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type JsonObject = { readonly [name: string]: Json }

/** A release that was frozen in this place. */
export interface ReleaseRecord {
  readonly id: string
  readonly prediction: string
  readonly createdAtUs: number
  /** What it consists of, in the words of whoever froze it. */
  readonly manifest: JsonObject
}

/**
 * Where a run stands. It is `planned` when its shards are known, `staged` when all its answers are stored, `gated` when a gate
 * stopped it. `published` is the run that is served, `retired` one that was: only the catalog's publish and rollback move a run
 * into these two, and between them.
 *
 *     planned → staged ⇄ gated
 *                 ↓       ↓
 *               published ⇄ retired
 */
export type RunState = 'planned' | 'staged' | 'gated' | 'published' | 'retired'

export interface RunRecord {
  readonly id: string
  readonly prediction: string
  readonly release: string
  readonly asOfUs: number
  /** Up to which arrivals were read; null where there were none, or nothing was read yet. */
  readonly dataThroughUs: number | null
  readonly state: RunState
  readonly createdAtUs: number
  /** Among the runs of its prediction, release and as-of: the greatest took its sources last, whatever the clock said. Absent: 0. */
  readonly pinOrder?: number
  readonly updatedAtUs: number
  /** What came of it (rows, rejected rows, gates, times), in the words of whoever ran it; null before. */
  readonly report: JsonObject | null
  /** When that was; absent before. */
  readonly finishedAtUs?: number
  /** Since when its files and answers may be gone. Running it again makes them anew. */
  readonly prunedAtUs?: number
  /** What came of its outputs, by name; absent: none was written. */
  readonly outputs?: Readonly<Record<string, OutputRecord>>
  /** The earlier run whose answers it took over, which of its keys it computed anew, and the runs that had computed the others; absent: it computed all. */
  readonly rescored?: RescoredRecord
  /** When it came to be served and ceased to be, the latest last; absent: it never was. */
  readonly serving?: readonly ServingChange[]
}

/** What runs have in common that take the sources of each other. */
export type PinnedAs = Pick<RunRecord, 'prediction' | 'release' | 'asOfUs'> & { readonly rescored?: Pick<RescoredRecord, 'run' | 'only'> }

/** Where the answers come from that a run did not compute. */
export interface RescoredRecord {
  readonly run: string
  readonly only: readonly string[]
  /** What their features can still be read from. */
  readonly origins: readonly string[]
}

/** What came of writing a run to one of its outputs. */
export interface OutputRecord {
  /** `superseded`: another run was published before it was written. */
  readonly state: 'written' | 'failed' | 'superseded'
  /** Of the pointer that asked for it. */
  readonly sequence: number
  readonly atUs: number
  /** Where to, without secrets. */
  readonly target: string
  readonly rows: number
  readonly attempts: number
  /** Why it failed. */
  readonly message?: string
  /** Whether it failed by what may pass without anything being mended. */
  readonly retryable?: boolean
  /** What to do about it, where that is known. */
  readonly fix?: string
}

/** Who publishes or rolls back, and why. */
export interface PublishNote {
  readonly who?: string
  readonly reason?: string
}

/** A run began or ceased to be served. */
export interface ServingChange extends PublishNote {
  readonly atUs: number
  readonly state: 'published' | 'retired'
  readonly by: 'publish' | 'rollback'
}

/** What may be changed of a run. */
export interface RunChange {
  readonly state?: Exclude<RunState, 'published' | 'retired'>
  readonly dataThroughUs?: number | null
  readonly report?: JsonObject
}

/** What came of a planned run. */
export interface RunResult {
  readonly state: 'staged' | 'gated'
  readonly dataThroughUs: number | null
  readonly report: JsonObject
}

/** Which run of a prediction is served. */
export interface Pointer extends PublishNote {
  readonly prediction: string
  readonly run: string
  /** Runs that rollback returns to, the nearest first. */
  readonly history: readonly string[]
  readonly publishedAtUs: number
  /** Grows by 1 at each publish and rollback. */
  readonly sequence: number
}

import { type Clock, PrescoreError, type Problem } from '../base/index.ts'
import type { BootstrapProgress } from '../online/index.ts'
import type { Database } from '../parquet/index.ts'
import type { LoadedProject } from '../project/index.ts'
import type { Release } from '../release/index.ts'
import { type EventLog, type SourceAt, type SourcePin, sourceAt } from '../sources/index.ts'
import type { Ground, LiveScorer } from './types.ts'

export interface LivePlace {
  readonly loaded: LoadedProject
  /** Opened when the first source must be read. */
  readonly database: () => Promise<Database>
  /** Of the state. */
  readonly folder: string
  readonly clock: Clock
  /** The log of a source of events. */
  readonly logOf: (source: string) => EventLog
  /** Where history ends for sources that do not say: on a simulated clock, files hold more than is known. */
  readonly untilUs?: number
  /** Which release answers should have; absent: the one of the start, for ever. */
  readonly following?: Following
  /** From the start on, how long readiness waits for what is being filled. Absent: 300,000. */
  readonly readyWithinMs?: number
  readonly onProgress?: (source: string, progress: BootstrapProgress) => void
  /** Told of what keeps a prediction from being answered live, or from being answered with the release that was published. */
  readonly onFailure?: (where: string, error: PrescoreError) => void
  /** Told when a table that could not be read with requests can be read again. */
  readonly onBack?: (where: string) => void
  /** Told of what slows live answers down, or could. */
  readonly onWarning?: (problem: Problem) => void
  /** What stands in the place of a scorer, such as one that notes its answers down. */
  readonly around?: (scorer: LiveScorer, ground: Ground) => LiveScorer
  /** Told when a prediction is answered live with another release than before. */
  readonly onSwitched?: (prediction: string, release: string) => void
}

/** Which release is published, by whatever process. */
export interface Following {
  /** Its hash; undefined before the first publish. Next to free while nothing changes. @throws PrescoreError `store_unreadable` */
  hash(prediction: string): string | undefined
  /** @throws PrescoreError `release_differs`, and what keeps it from being loaded */
  load(prediction: string, hash: string): Promise<Release>
}

/** What a prediction is scored with at the start; or why there is nothing. */
export type Frozen = ({ readonly release: Release } | { readonly failure: PrescoreError }) & {
  /** The hash of the release that was published then. */
  readonly published: string | undefined
}

/** A source as it was pinned. */
export interface OpenedSource {
  readonly at: SourceAt
  readonly pin: SourcePin
  /** Of the files and the log: state that was filled from others is of no use. */
  readonly history: string
  /** The name of its feed. */
  readonly feed: string
  /** Absent: a table. */
  readonly log?: EventLog
}

/** A source as the project declares it; events end where history does. @throws PrescoreError `unknown_source` */
export function sourceOf({ loaded, untilUs }: LivePlace, name: string): SourceAt {
  const definition = loaded.definition.sources[name]
  if (definition === undefined)
    throw new PrescoreError('unknown_source', { where: `sources.${name}`, found: 'a source that a release reads and the project lacks' })
  const ends = definition.type === 'events' && definition.untilUs === undefined && untilUs !== undefined
  return { ...sourceAt(loaded, loaded.definition, name), definition: ends ? { ...definition, untilUs } : definition }
}

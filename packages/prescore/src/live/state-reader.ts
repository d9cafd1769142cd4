/** Features from live state. */
import type { PrescoreError } from '../base/index.ts'
import type { LiveState } from '../online/index.ts'
import type { Key } from '../project/index.ts'
import type { FeatureReader, FeaturesRead } from './types.ts'

export interface StateJoin {
  /** The group's name in the state. */
  readonly group: string
  /** Which feed keeps it up. */
  readonly feed: string
  /** Whether the source is one of events: a table has no feed that could lag. */
  readonly isEvents: boolean
}

export class StateReader implements FeatureReader {
  readonly #state: LiveState
  readonly #groups: readonly string[]
  /** Of groups whose events could lag. */
  readonly #feeds: readonly string[]
  readonly #lagging: readonly string[]
  readonly #failureOf: (feed: string) => PrescoreError | undefined

  /** @param failureOf why a feed stands still. */
  constructor(state: LiveState, joins: readonly StateJoin[], failureOf: (feed: string) => PrescoreError | undefined) {
    this.#state = state
    this.#failureOf = failureOf
    this.#groups = joins.map(({ group }) => group)
    const ofEvents = joins.filter(({ isEvents }) => isEvents)
    this.#feeds = [...new Set(ofEvents.map(({ feed }) => feed))]
    this.#lagging = ofEvents.map(({ group }) => group)
  }

  read(keys: readonly (Key | undefined)[], asOfUs: number): FeaturesRead {
    const { values, isFlawed } = this.#state.readTogether(this.#groups, keys, asOfUs)
    return { values, dataThroughUs: this.#dataThroughUs(), feedFailure: this.#feedFailure(), isFlawed }
  }

  knows(joins: readonly number[], keys: readonly (Key | undefined)[]): boolean {
    return joins.some(i => this.#state.hasEvents(this.#groups[i]!, keys[i]))
  }

  #feedFailure(): PrescoreError | undefined {
    for (const feed of this.#feeds) {
      const failure = this.#failureOf(feed)
      if (failure !== undefined) return failure
    }
    return undefined
  }

  #dataThroughUs(): number | null {
    if (this.#lagging.length === 0) return null
    let throughUs = Number.POSITIVE_INFINITY
    for (const group of this.#lagging) throughUs = Math.min(throughUs, this.#state.groupThroughUs(group))
    return throughUs
  }
}

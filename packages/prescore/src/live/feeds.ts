/**
 * The sources that live predictions read, as they were pinned, and the feeds that keep their live features up. A source has one
 * feed; another beside it while some release is answered from the files as they were, and another from what they are now.
 */
import { asPrescoreError, contentHash, type PrescoreError } from '../base/index.ts'
import { Feed, type LiveGroup, type LiveState, liveGroup } from '../online/index.ts'
import type { JoinDefinition } from '../project/index.ts'
import type { Release } from '../release/index.ts'
import { filesIdentity } from './ground.ts'
import { pinPatiently } from './patient-pin.ts'
import { type LivePlace, type OpenedSource, sourceOf } from './place.ts'
import { isPerRequest } from './request-tables.ts'
import { predictionOf } from './scorer-of.ts'
import type { StateJoin } from './state-reader.ts'

/** Where a source's live features stand. */
export interface FeedStatus {
  readonly source: string
  /** Of the log, and up to where its events are in the state. */
  readonly position: number
  readonly applied: number
  readonly dataThroughUs: number | null
  /** Events that no feature could take, since the start. */
  readonly passedOver: number
  readonly failure: PrescoreError | undefined
}

/** What a release reads: where each join's features lie, and the groups that hold them. */
export interface Reading {
  readonly joins: readonly StateJoin[]
  readonly groups: readonly LiveGroup[]
  readonly sources: readonly OpenedSource[]
}

export class Feeds {
  readonly #place: LivePlace
  readonly #onFailure: (error: PrescoreError) => void
  readonly #stopping = new AbortController()
  readonly #feeds: { readonly opened: OpenedSource; readonly feed: Feed }[] = []

  /** @param onFailure told when a feed that was started has failed. */
  constructor(place: LivePlace, onFailure: (error: PrescoreError) => void) {
    this.#place = place
    this.#onFailure = onFailure
  }

  /** Every source that the releases join, as it is now; one that cannot be read keeps those back that join it, and no others. */
  async open(releases: readonly Release[]) {
    const names = new Set(releases.flatMap(release => this.#joinsOf(release).map(({ source }) => source)))
    const sources = new Map<string, OpenedSource>()
    const failures = new Map<string, PrescoreError>()
    for (const name of names) {
      try {
        sources.set(name, await this.#open(name))
      } catch (error) {
        failures.set(name, asPrescoreError(error))
      }
    }
    return { sources, failures }
  }

  readingOf(release: Release, sources: ReadonlyMap<string, OpenedSource>): Reading {
    const joins = this.#joinsOf(release)
    const read = joins.map(join => {
      const { at, history, feed } = sources.get(join.source) as OpenedSource
      const { key: _, ...group } = join
      const named = liveGroup(at, group)
      // What was filled from other files is filled anew.
      const name = contentHash({ group: named.name, history })
      return { group: { ...named, name, feed }, join: { group: name, feed, isEvents: at.definition.type === 'events' } }
    })
    const joined = new Set(joins.map(({ source }) => sources.get(source) as OpenedSource))
    return { joins: read.map(({ join }) => join), groups: read.map(({ group }) => group), sources: [...joined] }
  }

  /** Makes the state of these sources hold all that there is, and keeps it up from then on. @returns what went wrong, by feed */
  async fill(state: LiveState, sources: Iterable<OpenedSource>): Promise<ReadonlyMap<string, PrescoreError>> {
    const failures = new Map<string, PrescoreError>()
    await Promise.all(
      [...sources].map(async opened => {
        try {
          await this.#fill(state, opened)
        } catch (error) {
          failures.set(opened.feed, asPrescoreError(error))
        }
      }),
    )
    return failures
  }

  /** Stops the feeds that none of these joins reads. */
  async keepOnly(joins: readonly StateJoin[]): Promise<void> {
    const read = new Set(joins.map(({ feed }) => feed))
    for (const { feed } of this.#feeds.filter(({ opened }) => !read.has(opened.feed))) await feed.stop()
    this.#feeds.splice(0, this.#feeds.length, ...this.#feeds.filter(({ opened }) => read.has(opened.feed)))
  }

  /** Lets those that failed, but for changed files, go on. @throws PrescoreError what keeps one from it */
  async resume(): Promise<void> {
    for (const { feed } of this.#feeds) if (feed.failure !== undefined && feed.failure.code !== 'source_changed') await feed.resume()
  }

  failureOf(name: string): PrescoreError | undefined {
    return this.#feeds.find(({ opened }) => opened.feed === name)?.feed.failure
  }

  async catchUp(source: string): Promise<void> {
    await Promise.all(this.#feeds.filter(({ feed }) => feed.source === source).map(({ feed }) => feed.catchUp()))
  }

  /** Of each source, how the feed stands that is furthest behind. */
  status(state: LiveState | undefined): readonly FeedStatus[] {
    const found = new Map<string, FeedStatus>()
    for (const { feed } of this.#feeds) {
      const status = {
        source: feed.source,
        position: this.#positionOf(feed.source),
        applied: state?.position(feed.name) ?? 0,
        dataThroughUs: state?.dataThroughUs(feed.name) ?? null,
        passedOver: feed.passedOver,
        failure: feed.failure,
      }
      const other = found.get(feed.source)
      found.set(feed.source, other === undefined ? status : worse(other, status))
    }
    return [...found.values()]
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const { feed } of this.#feeds) await feed.stop()
  }

  /** Those of sources that are kept up. */
  #joinsOf(release: Release): JoinDefinition[] {
    return Object.values(predictionOf(release).joins).filter(({ source }) => !isPerRequest(this.#place.loaded.definition, source))
  }

  async #open(name: string): Promise<OpenedSource> {
    const at = sourceOf(this.#place, name)
    const log = at.definition.type === 'events' ? this.#place.logOf(name) : undefined
    const pin = await pinPatiently(await this.#place.database(), at, this.#stopping.signal)
    // What arrived since is in the log: positions are of this one.
    const history = contentHash({ history: filesIdentity(pin), log: log?.pin().log })
    const own = this.#feeds.filter(({ feed }) => feed.source === name)
    const there = own.find(({ opened }) => opened.history === history)
    if (there !== undefined) return there.opened
    const feed = own.length === 0 ? name : `${name}@${history}`
    return { at, pin, history, feed, ...(log === undefined ? {} : { log }) }
  }

  async #fill(state: LiveState, opened: OpenedSource): Promise<void> {
    const there = this.#feeds.find(each => each.opened.feed === opened.feed)?.feed
    if (there !== undefined) return there.fill()
    const feed = await this.#feedOf(opened, state)
    this.#feeds.push({ opened, feed })
    return feed.start()
  }

  async #feedOf({ at, pin, log, feed }: OpenedSource, state: LiveState): Promise<Feed> {
    const { clock, onProgress, onFailure } = this.#place
    return new Feed({
      database: await this.#place.database(),
      state,
      source: at,
      name: feed,
      pin,
      clock,
      ...(log === undefined ? {} : { log }),
      ...(onProgress === undefined ? {} : { onProgress }),
      onFailure: error => {
        // What keeps all feeds from the state is told once.
        if (state.failure === undefined) onFailure?.(`sources.${at.name}`, error)
        this.#onFailure(error)
      },
      onPassedOver: error => onFailure?.(`sources.${at.name}`, error),
    })
  }

  /** 0 of a table, and of a log that cannot be read: then the feed fails, and says why. */
  #positionOf(source: string): number {
    if (this.#place.loaded.definition.sources[source]?.type === 'table') return 0
    try {
      return this.#place.logOf(source).position()
    } catch {
      return 0
    }
  }
}

function worse(a: FeedStatus, b: FeedStatus): FeedStatus {
  const behind = (status: FeedStatus) => status.dataThroughUs ?? Number.NEGATIVE_INFINITY
  const shown = behind(b) < behind(a) ? b : a
  return {
    ...shown,
    applied: Math.min(a.applied, b.applied),
    passedOver: Math.max(a.passedOver, b.passedOver),
    failure: a.failure ?? b.failure,
  }
}

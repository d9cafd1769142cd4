/**
 * The live half of a project: one state for the feature groups of all live predictions, a feed for each of their sources, and a
 * scorer for each prediction. It opens at once and fills in the background; until a prediction is ready, its seat says why it is not.
 *
 * When files change under it, or its state could not be stored, it fills anew or goes on by itself; answers are degraded until then.
 * When a run of another release is published, that release is made ready beside the one that answers, and then takes its place.
 */
import { rm } from 'node:fs/promises'
import { asPrescoreError, type PrescoreError } from '../base/index.ts'
import { type LiveGroup, type LiveState, openLiveState } from '../online/index.ts'
import type { Release } from '../release/index.ts'
import { dropOtherSnapshots } from '../sources/index.ts'
import { type FeedStatus, Feeds, type Reading } from './feeds.ts'
import { Follower } from './follower.ts'
import { groundOf } from './ground.ts'
import { type Frozen, type LivePlace, type OpenedSource, sourceOf } from './place.ts'
import { RequestTables } from './request-tables.ts'
import { Retries } from './retries.ts'
import { predictionOf, scorerOf } from './scorer-of.ts'
import { Seat } from './seat.ts'
import { StateReader } from './state-reader.ts'
import { StateWatch } from './state-watch.ts'
import type { LiveScorer, ModelReport } from './types.ts'

const READY_WITHIN_MS = 300_000

export class Live {
  readonly seats: ReadonlyMap<string, Seat>
  /** When all that can be filled is filled; never rejects. */
  readonly settled: Promise<void>
  readonly #place: LivePlace
  readonly #frozen: ReadonlyMap<string, Frozen>
  readonly #feeds: Feeds
  readonly #tables: RequestTables
  readonly #follower: Follower | undefined
  readonly #patience: NodeJS.Timeout
  #state: LiveState | undefined
  /** Groups of releases that were replaced: stored still, until the next replacement. */
  #retired: readonly string[] = []
  readonly #retries = new Retries()
  readonly #watch: StateWatch
  /** What answers, or should, by prediction. */
  readonly #releases = new Map<string, Release>()
  #mending: Promise<void> | undefined
  #replacing: Promise<unknown> = Promise.resolve()
  #isClosed = false

  /** @param frozen the live predictions by name. */
  constructor(place: LivePlace, frozen: ReadonlyMap<string, Frozen>) {
    this.#place = place
    this.#frozen = frozen
    this.#watch = new StateWatch(failure => place.onFailure?.('live state', failure))
    this.#feeds = new Feeds(place, error => {
      this.#watch.look()
      this.#mendSoon(error)
    })
    const { loaded, onFailure, onBack, onWarning } = place
    this.#tables = new RequestTables({
      definition: loaded.definition,
      sourceAt: name => sourceOf(place, name),
      onWarning,
      onFailure,
      onBack,
    })
    this.seats = new Map([...frozen].map(([name, { published }]) => [name, new Seat(name, published, () => this.#state?.failure)]))
    this.#patience = setTimeout(() => this.#giveUpWaiting(), place.readyWithinMs ?? READY_WITHIN_MS).unref()
    this.settled = this.#fill().catch((error: unknown) => this.#failAll(asPrescoreError(error)))
    const { following, onSwitched } = place
    const replace = (release: Release, isWanted: () => boolean) => this.#replaceInTurn(release, isWanted)
    this.#follower = following === undefined ? undefined : new Follower({ following, seats: this.seats, replace, onFailure, onSwitched })
    void this.settled.then(() => this.#follower?.start())
  }

  /** Resolves when what the log of the source has by now can be read; at once where nothing live reads it. */
  async catchUp(source: string): Promise<void> {
    await this.#feeds.catchUp(source)
  }

  status(): readonly FeedStatus[] {
    return this.#feeds.status(this.#state)
  }

  /** Of the models that score. */
  models(): readonly ModelReport[] {
    return [...this.seats].flatMap(([prediction, seat]) => {
      const stats = seat.isReady ? seat.scorer().stats : undefined
      return stats === undefined ? [] : [{ prediction, stats }]
    })
  }

  /** How often another release took the place of the one that answered, by prediction. */
  switches(): readonly (readonly [prediction: string, count: number])[] {
    return [...this.seats].map(([name, { switches }]) => [name, switches] as const)
  }

  /** Stores what was applied. May be called twice. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#patience)
    this.#watch.stop()
    this.#retries.stop()
    await this.#feeds.stop()
    await this.settled
    await this.#follower?.stop()
    await this.#mending
    // Those that were begun meanwhile.
    await this.#feeds.stop()
    for (const seat of this.seats.values()) await seat.close()
    await this.#tables.close()
    await this.#state?.close()
  }

  async #fill(): Promise<void> {
    if (this.#frozen.size === 0) return
    const frozen = [...this.#frozen].flatMap(([name, each]) => {
      if ('release' in each) return [each.release]
      this.#fail(name, each.failure)
      return []
    })
    const { sources, failures } = await this.#feeds.open(frozen)
    const unopened = new Map([...failures, ...(await this.#tables.check(frozen.map(predictionOf)))])
    const releases = frozen.filter(release => {
      const failed = Object.values(predictionOf(release).joins).find(({ source }) => unopened.has(source))
      if (failed !== undefined) this.#fail(release.prediction, unopened.get(failed.source) as PrescoreError)
      return failed === undefined
    })
    for (const release of releases) this.#releases.set(release.prediction, release)
    if (this.#isClosed) return
    if (failures.size === 0) await this.#dropSnapshots(sources.values())
    const readings = new Map(releases.map(release => [release, this.#feeds.readingOf(release, sources)]))
    const groups = new Map([...readings.values()].flatMap(reading => reading.groups).map(group => [group.name, group]))
    // What cannot be answered now may be again after the next start.
    const keepOthers = releases.length < this.#frozen.size
    this.#state = await this.#openState([...groups.values()], [...sources.keys()], keepOthers)
    this.#watch.start(this.#state)
    const unfilled = await this.#feeds.fill(this.#state, sources.values())
    for (const error of unfilled.values()) this.#mendSoon(error)
    for (const [release, reading] of readings) {
      const failed = reading.joins.find(({ feed }) => unfilled.has(feed))
      if (failed !== undefined) this.#fail(release.prediction, unfilled.get(failed.feed) as PrescoreError)
      else if (!this.#isClosed) await this.#seat(release, reading)
    }
  }

  /** What an earlier start has read of databases. */
  async #dropSnapshots(sources: Iterable<OpenedSource>): Promise<void> {
    const { snapshots } = this.#place.loaded
    const pins = Array.from(sources, ({ pin }) => pin)
    if (snapshots !== undefined) await dropOtherSnapshots(snapshots, pins)
  }

  /** What a later moment was kept up to is of no use now: it has forgotten what this one needs. */
  async #openState(groups: readonly LiveGroup[], sources: readonly string[], keepOthers: boolean): Promise<LiveState> {
    const { folder, clock } = this.#place
    const options = { clock, keepOthers }
    const state = openLiveState(folder, groups, options)
    const nowUs = clock.nowUs()
    if (!sources.some(source => state.retainedFromUs(source) > nowUs)) return state
    await state.close()
    await rm(folder, { recursive: true })
    return openLiveState(folder, groups, options)
  }

  async #seat(release: Release, reading: Reading): Promise<void> {
    const seat = this.seats.get(release.prediction) as Seat
    try {
      seat.take(await this.#scorerOf(release, reading), reading.joins)
    } catch (error) {
      this.#fail(release.prediction, asPrescoreError(error))
    }
  }

  async #scorerOf(release: Release, { joins, sources }: Reading): Promise<LiveScorer> {
    const state = this.#state as LiveState
    const kept = new StateReader(state, joins, feed => this.#feeds.failureOf(feed))
    const scorer = await scorerOf(
      release,
      this.#tables.beside(predictionOf(release), () => kept),
    )
    return this.#place.around?.(scorer, groundOf(release, sources, state)) ?? scorer
  }

  /**
   * Fills what the release reads and nobody else does, loads and warms its model, and lets it answer. The one that answers does so
   * until then, and for ever where this fails.
   * @param isWanted false once another was published meanwhile: then nothing changes
   */
  async #replace(release: Release, isWanted: () => boolean): Promise<void> {
    const { sources, failures: unopened } = await this.#feeds.open([release])
    const [unreadable] = [...unopened.values(), ...(await this.#tables.check([predictionOf(release)])).values()]
    if (unreadable !== undefined) throw unreadable
    const reading = this.#feeds.readingOf(release, sources)
    try {
      await this.#fillBeside(reading, sources)
      const scorer = await this.#scorerOf(release, reading)
      if (this.#isClosed || !isWanted()) await scorer.close()
      else {
        this.#releases.set(release.prediction, release)
        await (this.seats.get(release.prediction) as Seat).take(scorer, reading.joins)?.close()
      }
    } finally {
      if (!this.#isClosed) await this.#retire()
    }
  }

  async #fillBeside({ groups }: Reading, sources: ReadonlyMap<string, OpenedSource>): Promise<void> {
    this.#state ??= await this.#openState([], [], true)
    this.#state.addGroups(groups)
    const [failure] = (await this.#feeds.fill(this.#state, sources.values())).values()
    if (failure !== undefined) throw failure
  }

  /** Lets go of what nobody reads any more. It stays stored until the next time, for whoever takes the release back. */
  async #retire(): Promise<void> {
    const joins = [...this.seats.values()].flatMap(seat => seat.joins)
    const read = new Set(joins.map(({ group }) => group))
    const unread = (this.#state?.groups() ?? []).filter(name => !read.has(name))
    await this.#feeds.keepOnly(joins)
    if (unread.length === 0) return
    await this.#state?.closeGroups(unread)
    this.#state?.forget(this.#retired)
    this.#retired = unread
  }

  /** One at a time: each lets go of what the others do not read yet. */
  #replaceInTurn(release: Release, isWanted: () => boolean): Promise<void> {
    const replaced = this.#replacing.then(() => this.#replace(release, isWanted))
    this.#replacing = replaced.catch(() => undefined)
    return replaced
  }

  #canMend({ code }: PrescoreError): boolean {
    return code === 'source_changed' || this.#state?.canRecover === true
  }

  #mendSoon(error: PrescoreError): void {
    if (this.#isClosed || !this.#canMend(error)) return
    this.#mending ??= this.settled
      .then(() => this.#mend())
      .finally(() => {
        this.#mending = undefined
      })
  }

  /** Until it succeeds, each try waits longer than the one before. Never rejects. */
  async #mend(): Promise<void> {
    for (let isBroken = true; isBroken; ) {
      await this.#retries.pause()
      if (this.#isClosed) return
      try {
        await this.#state?.recover()
        await this.#feeds.resume()
        for (const [prediction, release] of this.#releases)
          if (this.#isBroken(prediction)) await this.#replaceInTurn(release, () => this.#releases.get(prediction) === release)
        isBroken = false
      } catch (error) {
        isBroken = this.#canMend(asPrescoreError(error))
      }
    }
  }

  /** It is not answered live, or from files that have changed. */
  #isBroken(prediction: string): boolean {
    const seat = this.seats.get(prediction) as Seat
    return !seat.isReady || seat.joins.some(({ feed }) => this.#feeds.failureOf(feed)?.code === 'source_changed')
  }

  #giveUpWaiting(): void {
    for (const seat of this.seats.values()) seat.giveUpWaiting()
  }

  #fail(prediction: string, error: PrescoreError): void {
    this.seats.get(prediction)?.fail(error)
    this.#place.onFailure?.(`predictions.${prediction}`, error)
  }

  #failAll(error: PrescoreError): void {
    for (const name of this.seats.keys()) this.#fail(name, error)
  }
}

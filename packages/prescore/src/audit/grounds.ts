/** What noted answers were computed from, found again; or why it cannot be. */
import { asPrescoreError, PrescoreError, TIME_US_MAX } from '../base/index.ts'
import { planGroup } from '../features/index.ts'
import { type GroundSource, historyDigest } from '../live/index.ts'
import type { Database } from '../parquet/index.ts'
import { type LoadedProject, rowScope } from '../project/index.ts'
import { hasSameSources, loadRelease, type Release } from '../release/index.ts'
import { pinSource, type SourceAt, sourceAt } from '../sources/index.ts'
import type { LoggedAnswer, LoggedGround } from './log/record.ts'
import { type PinnedSource, Recomputation } from './recompute.ts'

export interface GroundsPlace {
  readonly loaded: LoadedProject
  readonly database: Database
  readonly releases: string
}

/** Answers of one ground, and how they are computed again. */
export interface FoundGround {
  readonly recomputation: Recomputation
  readonly sources: ReadonlyMap<string, PinnedSource>
  /** Why one of its answers cannot be computed again, though others can; undefined: it can. */
  refusal(answer: LoggedAnswer): PrescoreError | undefined
}

export class Grounds {
  readonly #place: GroundsPlace
  readonly #found = new Map<string, Promise<FoundGround | PrescoreError>>()
  readonly #pins = new Map<string, Promise<PinnedSource>>()

  constructor(place: GroundsPlace) {
    this.#place = place
  }

  /** A PrescoreError says why nothing of the ground can be compared. */
  of(ground: LoggedGround): Promise<FoundGround | PrescoreError> {
    const name = JSON.stringify(ground)
    const found = this.#found.get(name) ?? this.#find(ground).catch(comparing)
    this.#found.set(name, found)
    return found
  }

  async close(): Promise<void> {
    for (const found of this.#found.values()) {
      const each = await found
      if (!(each instanceof PrescoreError)) await each.recomputation.close()
    }
  }

  async #find(ground: LoggedGround): Promise<FoundGround> {
    const { loaded, database, releases } = this.#place
    const release = await loadRelease(releases, ground.release)
    if (!hasSameSources(release, loaded))
      throw changed(`predictions.${ground.prediction}`, 'sources that are declared otherwise', 'those of its release')
    const sources = new Map<string, PinnedSource>()
    for (const source of ground.sources) sources.set(source.name, await this.#source(source))
    const recomputation = await Recomputation.open(release, database, sources)
    return { recomputation, sources, refusal: answer => refusalOf(answer, release, sources) }
  }

  async #source(source: GroundSource): Promise<PinnedSource> {
    const name = JSON.stringify([source.name, source.untilUs])
    const pinning = this.#pins.get(name) ?? this.#pin(source)
    this.#pins.set(name, pinning)
    const pinned = await pinning
    const where = `sources.${source.name}`
    if (historyDigest(pinned.pin) !== source.history)
      throw changed(where, 'other files, or another end of them', 'those that were read then')
    const { arrived } = pinned.pin
    if (arrived !== undefined && arrived.log !== source.log) throw changed(where, 'another event log', 'the one that was read then')
    return pinned
  }

  /** Files that say no end themselves end where they ended then: a server on a simulated clock has later rows still to come. */
  async #pin({ name, untilUs }: GroundSource): Promise<PinnedSource> {
    const { loaded, database } = this.#place
    const { definition, ...place } = sourceAt(loaded, loaded.definition, name)
    const ends = definition.untilUs ?? untilUs
    const at = { ...place, definition: ends === undefined ? definition : { ...definition, untilUs: ends } }
    return { at, pin: await pinSource(database, at) }
  }
}

function comparing(thrown: unknown): PrescoreError {
  const error = asPrescoreError(thrown)
  if (error.code === 'internal') throw thrown
  return error
}

function refusalOf(
  { ground, positions, asOfUs }: LoggedAnswer,
  release: Release,
  sources: ReadonlyMap<string, PinnedSource>,
): PrescoreError | undefined {
  for (const [i, { name }] of ground.sources.entries()) {
    const { at, pin } = sources.get(name) as PinnedSource
    const { position = 0, retainedFromUs = -TIME_US_MAX } = pin.arrived ?? {}
    const where = `sources.${name}`
    if ((positions[i] ?? 0) > position) return changed(where, 'a log that is shorter', 'at least all that was read then')
    const longestUs = longestOf(release, at)
    if (retainedFromUs > -TIME_US_MAX && asOfUs - longestUs < retainedFromUs)
      return changed(where, 'events that were dropped from its log', 'all that its windows hold')
  }
  return undefined
}

/** How far before an as-of an event of the source can count. */
function longestOf({ project, prediction }: Release, { name, definition }: SourceAt): number {
  const joins = Object.values(project.predictions[prediction]?.joins ?? {}).filter(({ source }) => source === name)
  const plans = joins.map(join => planGroup(join, rowScope(definition), definition.zone, `sources.${name}`))
  return Math.max(0, ...plans.map(({ longestUs }) => longestUs ?? Number.POSITIVE_INFINITY))
}

function changed(where: string, found: string, expected: string): PrescoreError {
  return new PrescoreError('source_changed', { where, found, expected })
}

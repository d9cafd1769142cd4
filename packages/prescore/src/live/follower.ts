/**
 * Follows what is published: when it is of another release than the one that answers live, that one is made ready and takes over.
 * One at a time, so that what serves has the machine for itself but for one. What fails is tried again, and told once.
 */
import { asPrescoreError, type PrescoreError } from '../base/index.ts'
import type { Release } from '../release/index.ts'
import type { Following, LivePlace } from './place.ts'
import type { Seat } from './seat.ts'

/** How soon a publish of another process is seen. */
const POLL_MS = 200
/** Between two attempts at a release that could not be made ready. */
const RETRY_MS = 60_000

export interface FollowerParts {
  readonly following: Following
  readonly seats: ReadonlyMap<string, Seat>
  /** Makes a release answer, unless it is not wanted any more when it could. */
  readonly replace: (release: Release, isWanted: () => boolean) => Promise<void>
  readonly onFailure: LivePlace['onFailure']
  readonly onSwitched: LivePlace['onSwitched']
}

export class Follower {
  readonly #parts: FollowerParts
  readonly #retryAtMs = new Map<string, number>()
  readonly #told = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isStopped = false

  constructor(parts: FollowerParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#isStopped) return
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined
      })
    }, POLL_MS).unref()
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    clearInterval(this.#timer)
    await this.#looking
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    for (const [name, seat] of this.#parts.seats) {
      if (this.#isStopped) return
      const hash = this.#published(name)
      if (hash === undefined || (hash === seat.followed && !this.#isDue(name))) continue
      seat.followed = hash
      this.#retryAtMs.delete(name)
      await this.#follow(name, seat, hash)
    }
  }

  async #follow(name: string, seat: Seat, hash: string): Promise<void> {
    if (releaseOf(seat) === hash) return seat.expect(undefined)
    const { following, replace, onSwitched } = this.#parts
    seat.expect({ release: hash })
    try {
      await replace(await following.load(name, hash), () => this.#published(name) === hash)
    } catch (error) {
      if (releaseOf(seat) !== hash) return this.#failed(name, seat, hash, asPrescoreError(error))
    }
    if (releaseOf(seat) !== hash) return seat.expect(undefined)
    this.#told.delete(name)
    onSwitched?.(name, hash)
  }

  #failed(name: string, seat: Seat, release: string, failure: PrescoreError): void {
    seat.expect({ release, failure })
    this.#retryAtMs.set(name, performance.now() + RETRY_MS)
    this.#tell(name, failure)
  }

  #tell(name: string, failure: PrescoreError): void {
    if (this.#told.get(name) === failure.message) return
    this.#told.set(name, failure.message)
    this.#parts.onFailure?.(`predictions.${name}`, failure)
  }

  #isDue(name: string): boolean {
    const atMs = this.#retryAtMs.get(name)
    return atMs !== undefined && performance.now() >= atMs
  }

  #published(name: string): string | undefined {
    try {
      return this.#parts.following.hash(name)
    } catch (error) {
      this.#tell(name, asPrescoreError(error))
      return undefined
    }
  }
}

function releaseOf(seat: Seat): string | undefined {
  return seat.isReady ? seat.scorer().release : undefined
}

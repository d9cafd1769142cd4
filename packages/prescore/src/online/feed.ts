/**
 * Keeps the live state of one source up: filled from its history where it is new, then from its event log, commit by commit.
 * What another process appends is seen within {@link POLL_MS}.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { asPrescoreError, type Clock, type ErrorCode, type PrescoreError, TIME_US_MAX } from '../base/index.ts'
import type { Database } from '../parquet/index.ts'
import { type EventLog, HistoryIds, type LogChunk, type SourceAt, type SourcePin, takeScanned } from '../sources/index.ts'
import type { BootstrapProgress, LiveState } from './types.ts'

const POLL_MS = 200
/** Events passed over that are told one by one; the others are counted. */
const TOLD_MAX = 10
/** What is wrong with a single event: an int64 that a sum would round, a derived column that fails. */
const OF_ONE_EVENT: ReadonlySet<ErrorCode> = new Set(['lossy_cast', 'function_failed'])

export interface FeedParts {
  readonly database: Database
  readonly state: LiveState
  readonly source: SourceAt
  /** What the state calls it; absent: as the source. */
  readonly name?: string
  readonly pin: SourcePin
  /** Absent: a table, or a source that nothing is appended to. */
  readonly log?: EventLog
  readonly clock: Clock
  readonly onProgress?: (source: string, progress: BootstrapProgress) => void
  /** Told once when the feed has failed: from then on, nothing of it is applied. */
  readonly onFailure?: (error: PrescoreError) => void
  /** Told of the first events that are passed over, because no feature can take them. */
  readonly onPassedOver?: (error: PrescoreError) => void
}

/** Positions of the log that a chunk covers: after the one, up to the other. */
interface Range {
  /** The log has no more by now. */
  readonly isLast: boolean
  readonly from: number
  readonly last: number
}

export class Feed {
  readonly source: string
  /** What the state calls it. */
  readonly name: string
  readonly #parts: FeedParts
  #ids: HistoryIds | undefined
  /** Before it does, it cannot tell which events of the log the history counts. */
  #isFollowing = false
  #running: Promise<void> | undefined
  #again = false
  #failure: PrescoreError | undefined
  #unsubscribe: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #passedOver = 0

  constructor(parts: FeedParts) {
    this.#parts = parts
    this.source = parts.source.name
    this.name = parts.name ?? this.source
  }

  /** Why nothing is applied any more. */
  get failure(): PrescoreError | undefined {
    return this.#failure
  }

  /** Events that were passed over since the start, because no feature can take them. */
  get passedOver(): number {
    return this.#passedOver
  }

  /** Fills the state, takes what the log has, and follows it from then on. @throws PrescoreError what a bootstrap throws */
  async start(): Promise<void> {
    try {
      await this.#start()
    } catch (error) {
      this.#failure = asPrescoreError(error)
      throw this.#failure
    }
  }

  /** After a failure whose cause is gone: goes on from where the state stands. @throws PrescoreError what {@link start} throws */
  async resume(): Promise<void> {
    await this.#running
    this.#failure = undefined
    if (!this.#isFollowing) return this.start()
    await this.catchUp()
    if (this.#failure !== undefined) throw this.#failure
  }

  async #start(): Promise<void> {
    const { database, source, pin, log } = this.#parts
    await this.#bootstrap()
    if (log === undefined || this.#isStopped) return
    this.#ids = await HistoryIds.open(database, source, pin)
    this.#isFollowing = true
    await this.catchUp()
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isStopped) return
    this.#unsubscribe = log.onCommit(() => void this.catchUp())
    this.#timer = setInterval(() => void this.catchUp(), POLL_MS).unref()
  }

  /** Fills groups that the state has got since the start, and gives them what the log has. @throws PrescoreError what a bootstrap throws, or why the feed stands still */
  async fill(): Promise<void> {
    await this.#bootstrap()
    await this.catchUp()
    if (this.#failure !== undefined) throw this.#failure
  }

  async #bootstrap(): Promise<void> {
    const { database, state, pin, clock, onProgress } = this.#parts
    if (state.needsBootstrap(this.name))
      await state.bootstrap(database, this.name, pin, clock.nowUs(), progress => onProgress?.(this.source, progress))
  }

  /** Applies what the log has by now; resolves when it is in the state, at once before the start is over. Never rejects: see {@link failure}. */
  catchUp(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true
      return this.#running
    }
    if (this.#failure !== undefined || this.#isStopped || !this.#isFollowing) return Promise.resolve()
    this.#running = this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unsubscribe?.()
    clearInterval(this.#timer)
    await this.#running
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false
        await this.#takeAll(this.#parts.log as EventLog)
      } while (this.#again && !this.#isStopped)
    } catch (error) {
      this.#failure = asPrescoreError(error)
      this.#parts.onFailure?.(this.#failure)
    }
  }

  async #takeAll(log: EventLog): Promise<void> {
    const { state } = this.#parts
    const { position, clockUs } = log.status()
    let from = state.position(this.name)
    if (position > from) {
      for (const chunk of log.read(from, position, { columns: this.#columns() })) {
        const last = chunk.positions[chunk.rows - 1]!
        await this.#take(chunk, { from, last, isLast: last === position })
        from = last
        // Answers are given between chunks.
        if (last < position) await turn()
      }
    }
    // The log's clock at its last commit or heartbeat: all that it got until then is in the state now.
    if (clockUs > -TIME_US_MAX) state.heartbeat(this.name, clockUs)
  }

  async #take(chunk: LogChunk, range: Range): Promise<void> {
    const suspects = this.#ids?.suspects(chunk) ?? []
    const fresh = suspects.length === 0 ? chunk : await (this.#ids as HistoryIds).withoutCounted(chunk, suspects)
    await this.#apply(fresh, range)
  }

  /** An event that cannot be taken keeps back nothing but itself: it is in the log for ever, and so would the others be. */
  async #apply(chunk: LogChunk, range: Range): Promise<void> {
    const { state, onPassedOver } = this.#parts
    try {
      await state.apply(this.name, chunk, range.last, range.from, range.isLast)
    } catch (error) {
      const { code } = asPrescoreError(error)
      if (!OF_ONE_EVENT.has(code)) throw error
      if (chunk.rows > 1) return this.#applyHalves(chunk, range)
      state.passOver(this.name, chunk, range.last, range.from)
      if (this.#passedOver++ < TOLD_MAX) onPassedOver?.(asPrescoreError(error))
    }
  }

  async #applyHalves(chunk: LogChunk, { from, last, isLast }: Range): Promise<void> {
    const half = chunk.rows >> 1
    const middle = chunk.positions[half - 1]!
    await this.#apply(rowsOf(chunk, 0, half), { from, last: middle, isLast: false })
    await this.#apply(rowsOf(chunk, half, chunk.rows), { from: middle, last, isLast })
  }

  #columns(): string[] {
    const { id } = this.#parts.source.definition
    return [...new Set([...this.#parts.state.columns(this.name), ...(id === undefined ? [] : [id])])]
  }
}

function rowsOf(chunk: LogChunk, from: number, end: number): LogChunk {
  const rows = Int32Array.from({ length: end - from }, (_, i) => from + i)
  return { ...takeScanned(chunk, rows), positions: chunk.positions.slice(from, end) }
}

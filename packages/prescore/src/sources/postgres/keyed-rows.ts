/**
 * The rows of keys of one table, read when they are asked for. What waits while all connections are busy is asked for together, so
 * that a busy database gets fewer statements, not more. Nobody waits longer than the timeout and the deadline say; what nobody waits
 * for any more is not asked for.
 */
import { PrescoreError } from '../../base/index.ts'
import type { Chunk } from '../../expressions/index.ts'
import type { KeyValue, PerRequestDefinition } from '../../project/index.ts'
import type { DataTypes } from '../formats/index.ts'
import { keyText } from './by-key.ts'
import { KeyCache } from './key-cache.ts'

/** Of one statement. */
const KEYS_AT_ONCE = 500
const WAITING_MAX = 10_000

/** Declared columns of rows, with what their types are called where files are read. */
export interface TableRows {
  readonly chunk: Chunk
  readonly types: DataTypes
}

/** Undefined: the key has none. An error: those that it has cannot be taken. */
export type RowsOfKey = TableRows | undefined | PrescoreError
type Key = readonly KeyValue[]

export interface KeyedRowsParts {
  /** Names the source in messages. */
  readonly where: string
  readonly perRequest: PerRequestDefinition
  /** The rows of some distinct keys, in their order. @throws PrescoreError */
  readonly ask: (keys: readonly Key[]) => Promise<readonly RowsOfKey[]>
  /** A clock that never steps back. */
  readonly nowMs?: () => number
}

interface Waiting {
  readonly key: Key
  /** When the last of those who wait gives up. */
  untilMs: number
  readonly answer: PromiseWithResolvers<RowsOfKey>
}

export class KeyedRows {
  readonly #parts: KeyedRowsParts
  readonly #nowMs: () => number
  readonly #cache: KeyCache<TableRows | undefined>
  readonly #waiting = new Map<string, Waiting>()
  readonly #asked = new Map<string, Promise<RowsOfKey>>()
  #running = 0
  #isDue = false

  constructor(parts: KeyedRowsParts) {
    const { perRequest, nowMs = () => performance.now() } = parts
    this.#parts = parts
    this.#nowMs = nowMs
    this.#cache = new KeyCache(perRequest.cacheKeys, perRequest.cacheMs, nowMs)
  }

  /**
   * At once where they are remembered.
   * @param deadlineAtMs by the same clock.
   * @throws PrescoreError `source_unavailable`, `deadline_exceeded`, `overloaded`: always as a rejection
   */
  rowsOf(key: Key, deadlineAtMs = Number.POSITIVE_INFINITY): TableRows | undefined | Promise<TableRows | undefined> {
    const name = keyText(key)
    const known = this.#cache.get(name)
    return known === undefined ? this.#patiently(name, key, deadlineAtMs) : known.value
  }

  /** A key that is being asked for already is asked for again, unless rows may be as old as that. */
  #ask(name: string, key: Key, untilMs: number): Promise<RowsOfKey> {
    const there = this.#waiting.get(name)
    if (there !== undefined) {
      there.untilMs = Math.max(there.untilMs, untilMs)
      return there.answer.promise
    }
    const asked = this.#parts.perRequest.cacheMs > 0 ? this.#asked.get(name) : undefined
    if (asked !== undefined) return asked
    if (this.#waiting.size >= WAITING_MAX)
      throw new PrescoreError('overloaded', { where: this.#parts.where, found: `${WAITING_MAX} keys that wait for the database` })
    const waiting: Waiting = { key, untilMs, answer: Promise.withResolvers() }
    waiting.answer.promise.catch(() => {})
    this.#waiting.set(name, waiting)
    this.#soon()
    return waiting.answer.promise
  }

  /** Whatever else is asked for in this turn goes along. */
  #soon(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => {
      this.#isDue = false
      this.#next()
    })
  }

  #next(): void {
    while (this.#running < this.#parts.perRequest.connections) {
      const batch = this.#batch()
      if (batch.length === 0) return
      this.#running++
      void this.#run(batch).finally(() => {
        this.#running--
        this.#next()
      })
    }
  }

  #batch(): (readonly [name: string, waiting: Waiting])[] {
    const nowMs = this.#nowMs()
    const batch: (readonly [string, Waiting])[] = []
    for (const entry of this.#waiting) {
      if (batch.length === KEYS_AT_ONCE) break
      this.#waiting.delete(entry[0])
      if (entry[1].untilMs > nowMs) batch.push(entry)
    }
    return batch
  }

  /** Never rejects. */
  async #run(batch: readonly (readonly [name: string, waiting: Waiting])[]): Promise<void> {
    const readAtMs = this.#nowMs()
    for (const [name, { answer }] of batch) this.#asked.set(name, answer.promise)
    try {
      const rows = await this.#parts.ask(batch.map(([, { key }]) => key))
      batch.forEach(([name, { answer }], i) => {
        const own = rows[i]
        if (!(own instanceof PrescoreError)) this.#cache.put(name, own, readAtMs)
        answer.resolve(own)
      })
    } catch (error) {
      for (const [, { answer }] of batch) answer.reject(error)
    } finally {
      for (const [name, { answer }] of batch) if (this.#asked.get(name) === answer.promise) this.#asked.delete(name)
    }
  }

  async #patiently(name: string, key: Key, deadlineAtMs: number): Promise<TableRows | undefined> {
    const nowMs = this.#nowMs()
    const giveUpMs = nowMs + this.#parts.perRequest.timeoutMs
    const untilMs = Math.min(giveUpMs, deadlineAtMs)
    const answer = this.#ask(name, key, untilMs)
    const { promise: late, reject } = Promise.withResolvers<never>()
    const tooLate = () => reject(deadlineAtMs < giveUpMs ? this.#overdue() : this.#timedOut())
    const timer = setTimeout(tooLate, Math.max(0, untilMs - nowMs))
    try {
      const rows = await Promise.race([answer, late])
      if (rows instanceof PrescoreError) throw rows
      return rows
    } finally {
      clearTimeout(timer)
    }
  }

  #overdue(): PrescoreError {
    return new PrescoreError('deadline_exceeded', { where: this.#parts.where, found: 'no rows within the deadline' })
  }

  #timedOut(): PrescoreError {
    const { where, perRequest } = this.#parts
    const expected = `rows within ${perRequest.timeoutMs / 1000} s`
    const fix = 'Try again when the database is less busy, or raise `timeout` of `perRequest`.'
    return new PrescoreError('source_unavailable', { where, found: 'no rows yet', expected, fix })
  }
}

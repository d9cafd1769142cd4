/** A scorer that is opened by the first request that needs it. */
import type { ServingStats } from '../models/index.ts'
import type { LiveRequest, LiveScore, LiveScorer } from './types.ts'

export class LazyScorer implements LiveScorer {
  readonly #open: () => Promise<LiveScorer>
  #opening: Promise<LiveScorer> | undefined
  #opened: LiveScorer | undefined

  constructor(open: () => Promise<LiveScorer>) {
    this.#open = open
  }

  /** Known once a request was scored. */
  get release(): string {
    return this.#opened?.release ?? ''
  }

  get featureNames(): readonly string[] {
    return this.#opened?.featureNames ?? []
  }

  get stats(): ServingStats | undefined {
    return this.#opened?.stats
  }

  async score(request: LiveRequest): Promise<LiveScore> {
    this.#opening ??= this.#open()
    this.#opened = await this.#opening
    return this.#opened.score(request)
  }

  async close(): Promise<void> {
    await this.#opened?.close()
  }
}

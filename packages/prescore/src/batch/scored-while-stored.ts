/** Shards that are scored while those before them are stored: what is told of both, as of two stages of which one follows the other. */
import { type OnProgress, type OnRows, stageCounter } from './progress.ts'
import type { StagedShard } from './stages/staged-piece.ts'

export class ScoredWhileStored {
  readonly #onProgress: OnProgress | undefined
  readonly #started = performance.now()
  /** Told as the stage that scores. */
  readonly scored: OnRows
  #untold = 0
  #tellStored: OnRows | undefined
  /** How long it took until all were scored. */
  seconds = 0

  /** @param rows still to be scored */
  constructor(onProgress: OnProgress | undefined, rows: number) {
    this.#onProgress = onProgress
    this.scored = stageCounter(onProgress, 'score', rows)
  }

  /** Told once all are scored. */
  readonly stored = (rows: number): void => {
    if (this.#tellStored === undefined) this.#untold += rows
    else this.#tellStored(rows)
  }

  /** The pieces as they come. @param count of all of them */
  async *through(pieces: AsyncIterable<StagedShard>, count: number): AsyncGenerator<StagedShard> {
    let [left, ok] = [count, 0]
    for await (const piece of pieces) {
      ok += piece.piece.block.rows
      if (--left === 0) this.#allScored(ok)
      yield piece
    }
  }

  #allScored(ok: number): void {
    this.seconds = (performance.now() - this.#started) / 1000
    this.#tellStored = stageCounter(this.#onProgress, 'stage', ok)
    this.#tellStored(this.#untold)
  }
}

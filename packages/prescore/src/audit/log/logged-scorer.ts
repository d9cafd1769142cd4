/** A scorer whose answers are noted down: those of the keys that are sampled, each as it was given. */
import type { Ground, LiveRequest, LiveScore, LiveScorer } from '../../live/index.ts'
import type { ServingStats } from '../../models/index.ts'
import type { Attributes } from '../../project/index.ts'
import type { AnswerLog } from './answer-log.ts'
import type { LoggedGround } from './record.ts'
import { sampler } from './sampled.ts'

export class LoggedScorer implements LiveScorer {
  readonly #scorer: LiveScorer
  readonly #ground: Ground
  readonly #logged: LoggedGround
  readonly #log: AnswerLog
  readonly #isSampled: (request: LiveRequest) => boolean

  constructor(scorer: LiveScorer, ground: Ground, log: AnswerLog) {
    const { release, sources } = ground
    this.#scorer = scorer
    this.#ground = ground
    this.#logged = { prediction: release.prediction, release: release.hash, sources }
    this.#log = log
    this.#isSampled = sampler(log.sample)
    // So that nothing is known as nothing, and not as unknown.
    log.countsOf(release.prediction)
  }

  get release(): string {
    return this.#scorer.release
  }

  get featureNames(): readonly string[] {
    return this.#scorer.featureNames
  }

  get stats(): ServingStats | undefined {
    return this.#scorer.stats
  }

  score(request: LiveRequest): LiveScore | Promise<LiveScore> {
    const scored = this.#scorer.score(request)
    if (!this.#isSampled(request)) return scored
    // Features of live state are read before a scorer waits for its model: nothing was applied since.
    const positions = this.#ground.positions()
    if (!(scored instanceof Promise)) return this.#noted(request, scored, positions)
    return scored.then(score => this.#noted(request, score, positions))
  }

  close(): Promise<void> {
    return this.#scorer.close()
  }

  #noted({ key, inputs, attributes: set, asOfUs }: LiveRequest, score: LiveScore, positions: readonly number[]): LiveScore {
    const { features, valueText, readNow } = score
    const attributes = readNow === undefined ? set : withSet(readNow, set)
    const atUs = this.#log.clock.nowUs()
    this.#log.note(this.#logged, { atUs, asOfUs, key, inputs, attributes, positions, features, valueText })
    return score
  }
}

/** What was read for this request alone, with what it set in its place: neither can be read again. */
function withSet(readNow: Attributes, set: Attributes = {}): Attributes {
  return { ...readNow, ...Object.fromEntries(Object.entries(set).map(([join, each]) => [join, { ...readNow[join], ...each }])) }
}

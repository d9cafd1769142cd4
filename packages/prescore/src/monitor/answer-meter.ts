/** What a prediction has answered since the start: a few additions for each answer, read when somebody asks. */
import { asPrescoreError } from '../base/index.ts'
import type { AnswerListener, AnswerParts, StepName } from '../resolve/index.ts'
import { Buckets } from './buckets.ts'

/** In seconds: a stored answer takes microseconds, so that the usual bounds of HTTP would tell nothing of it. */
const DURATION_BOUNDS = [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
/** In seconds: a minute to a week. */
const AGE_BOUNDS = [60, 300, 900, 3_600, 14_400, 43_200, 86_400, 172_800, 604_800]

/** The answers of one step. */
export class SourceMeter {
  /** Of answers that are not degraded. */
  fine = 0
  readonly degraded = new Map<string, number>()
  readonly durations = new Buckets(DURATION_BOUNDS)
  readonly ages = new Buckets(AGE_BOUNDS)
}

export class AnswerMeter implements AnswerListener {
  /** Of the steps that have answered. */
  readonly sources: Partial<Record<StepName, SourceMeter>> = {}
  /** Requests without an answer, by code. */
  readonly errors = new Map<string, number>()

  answered({ provenance: { source }, reason, ageSeconds }: AnswerParts, tookMs: number): void {
    const meter = this.#of(source)
    if (reason === undefined) meter.fine++
    else increase(meter.degraded, reason.code)
    meter.durations.add(tookMs / 1_000)
    if (ageSeconds !== null) meter.ages.add(ageSeconds)
  }

  stored(count: number, ageSeconds: number, tookMs: number): void {
    const meter = this.#of('store')
    meter.fine += count
    meter.durations.add(tookMs / 1_000 / count, count)
    meter.ages.add(ageSeconds, count)
  }

  refused(error: unknown): void {
    increase(this.errors, asPrescoreError(error).code)
  }

  #of(source: StepName): SourceMeter {
    let meter = this.sources[source]
    if (meter === undefined) this.sources[source] = meter = new SourceMeter()
    return meter
  }
}

export function increase(counts: Map<string, number>, name: string, by = 1): void {
  counts.set(name, (counts.get(name) ?? 0) + by)
}

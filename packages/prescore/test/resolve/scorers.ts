/** Scorers whose every answer is told: the resolver's own tests stand on them. */
import type { LiveRequest, LiveScore, LiveScorer } from '../../src/live/index.ts'

export interface ToldScorer extends LiveScorer {
  /** What was asked. */
  readonly requests: LiveRequest[]
}

/** @param answer the value's text, or an error to throw; a promise makes the step wait. */
export function scorerThat(
  answer: (request: LiveRequest) => string | Promise<string>,
  {
    dataThroughUs = null,
    release = '77aa',
    isOfUnknownKey = false,
  }: Partial<Pick<LiveScore, 'dataThroughUs' | 'isOfUnknownKey'>> & {
    readonly release?: string
  } = {},
): ToldScorer {
  const requests: LiveRequest[] = []
  const scored = (valueText: string): LiveScore => ({ valueText, dataThroughUs, isOfUnknownKey, features: Float64Array.of(1, Number.NaN) })
  return {
    release,
    featureNames: ['amount', 'mean'],
    stats: undefined,
    requests,
    score: request => {
      requests.push(request)
      const given = answer(request)
      return given instanceof Promise ? given.then(scored) : scored(given)
    },
    close: async () => {},
  }
}

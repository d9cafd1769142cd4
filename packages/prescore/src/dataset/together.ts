/** Parts that ask as of one moment, computed by all threads at once: then they read the source together. */
import { peersOf } from '../history/index.ts'
import type { Asked, Together } from './part.ts'

interface Part {
  readonly part: number
  readonly asked: readonly Pick<Asked, 'need' | 'asOfUs'>[]
}

/** For each part; undefined where they cannot be computed at once, or ask different things. @param of how many parts there are in all */
export function togetherFor(parts: readonly Part[], threads: number, of: number): readonly Together[] | undefined {
  const [first] = parts
  const asOfUs = first?.asked[0]?.asOfUs[0]
  if (first === undefined || asOfUs === undefined || parts.length === 1 || parts.length > threads) return undefined
  const needs = first.asked.map(({ need }) => need)
  const asksTheSame = ({ asked }: Part) =>
    asked.length === needs.length && asked.every((each, i) => each.need === needs[i] && each.asOfUs.every(us => us === asOfUs))
  if (!parts.every(asksTheSame)) return undefined
  return peersOf(parts.length).map(peers => ({ peers, parts: parts.map(({ part }) => part), of, asOfUs }))
}

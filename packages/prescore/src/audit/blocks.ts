/** Noted answers, some of them, in blocks of one ground. */
import type { LoggedAnswer, LoggedGround } from './log/record.ts'
import { textHash } from './log/sampled.ts'

/** Answers that are computed again at once: some 10 MB, and one scan of their sources. */
const BLOCK = 20_000

/** At most so many answers, by a hash, so that they are spread over all; absent: all. */
export async function* evenly(answers: AsyncIterable<LoggedAnswer>, most: number | undefined): AsyncGenerator<LoggedAnswer> {
  if (most === undefined) return yield* answers
  let kept: { readonly hash: number; readonly answer: LoggedAnswer }[] = []
  let number = 0
  const trim = (): void => {
    kept = kept.sort((a, b) => a.hash - b.hash).slice(0, most)
  }
  for await (const answer of answers) {
    kept.push({ hash: textHash(`${number++} ${answer.atUs} ${answer.asOfUs}`), answer })
    if (kept.length >= 2 * most + BLOCK) trim()
  }
  trim()
  for (const { answer } of kept) yield answer
}

/** Answers of one ground come together, as many at once as may. */
export async function* blocksOf(answers: AsyncIterable<LoggedAnswer>): AsyncGenerator<readonly LoggedAnswer[]> {
  const names = new WeakMap<LoggedGround, string>()
  const open = new Map<string, LoggedAnswer[]>()
  for await (const answer of answers) {
    const name = names.get(answer.ground) ?? JSON.stringify(answer.ground)
    names.set(answer.ground, name)
    const block = open.get(name) ?? []
    open.set(name, block)
    if (block.push(answer) < BLOCK) continue
    open.delete(name)
    yield block
  }
  yield* open.values()
}

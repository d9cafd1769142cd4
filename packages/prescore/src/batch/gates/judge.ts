/** A user's own function over what a run came to: true lets it pass, a text says what is wrong. */
import { makeFunction } from '../../expressions/index.ts'
import type { Judged, JudgedRun } from '../../project/index.ts'
import type { Finding } from './finding.ts'

const EXPECTED = 'true'
/** Of what it says. */
const TEXT_MAX = 300

/** What it is told: nothing else that a report may hold. */
export function told({ rows, ok, rejected, missing, values }: Judged): Judged {
  return { rows, ok, rejected, missing, values }
}

/** A function that fails, or gives something else, lets nothing pass. @param source its text. */
export function judge(name: string, source: string, run: JudgedRun): Finding {
  const gate = `fn.${name}`
  try {
    const verdict = makeFunction(source)(JSON.parse(JSON.stringify(run)))
    if (verdict === true) return { gate, passed: true, found: 'true', expected: EXPECTED }
    if (typeof verdict === 'string') return { gate, passed: false, found: verdict.slice(0, TEXT_MAX), expected: EXPECTED }
    return { gate, passed: false, found: verdict === false ? 'false' : `a function that gives ${typeof verdict}`, expected: EXPECTED }
  } catch (error) {
    return { gate, passed: false, found: `a function that fails: ${(error as Error).message}`, expected: EXPECTED }
  }
}

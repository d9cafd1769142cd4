/** The options of a rescore, and what it came to for a person. */
import { PrescoreError } from '../../base/index.ts'
import { RESCORED, type RescoredReport, type RescoredSort, type RescoreRequest, type RunOutcome } from '../../batch/index.ts'
import { type Option, type OptionValue, oneOf, text } from '../command.ts'
import { count, shortHash } from '../terminal.ts'

export const RESCORE_OPTIONS: Readonly<Record<string, Option>> = {
  rescore: {
    type: 'string',
    value: 'RUN',
    help: 'Compute only some keys, as of the moment of this earlier run, and take its other answers over',
  },
  only: {
    type: 'string',
    value: 'WHICH',
    help: 'Rescore: failed (rows it rejected), missing (keys it has not), or both as failed,missing (default)',
  },
}

/** What a run of all keys may be given, and a rescore may not. */
const NOT_BESIDE = ['from', 'to', 'every', 'dry-run'] as const

/** Undefined without `--rescore`. @throws PrescoreError `wrong_use` */
export function rescoreOf(options: Readonly<Record<string, OptionValue>>): RescoreRequest | undefined {
  const run = text(options.rescore)
  const only = onlyOf(text(options.only))
  if (run === undefined) {
    if (only === undefined) return undefined
    throw new PrescoreError('wrong_use', { where: '--only', found: 'no --rescore', expected: 'the run whose keys are meant' })
  }
  const beside = NOT_BESIDE.find(name => options[name] !== undefined && options[name] !== false)
  if (beside === undefined) return { run, ...(only === undefined ? {} : { only }) }
  throw new PrescoreError('wrong_use', {
    where: '--rescore',
    found: `--${beside} beside it`,
    expected: 'one earlier run, as of its moment',
  })
}

function onlyOf(words: string | undefined): readonly RescoredSort[] | undefined {
  return words?.split(',').map(word => {
    if (word === 'stale') throw staleRefused()
    return oneOf(word, 'only', RESCORED) as RescoredSort
  })
}

/** An answer tells the as-of of its run: rows of another moment would have to lie about theirs. */
function staleRefused(): PrescoreError {
  return new PrescoreError('wrong_use', {
    where: '--only',
    found: 'stale',
    expected: RESCORED.join(', '),
    fix: 'What arrived since can only be known at a later as-of, which all rows of a run share: run the prediction again, as of now. Where data of before the as-of was corrected, repeat the earlier run with its --as-of and --repin.',
  })
}

/** A rescore that computed nothing, as there was nothing to compute. */
export function foundNothing({ rescored }: RunOutcome): boolean {
  return rescored !== undefined && rescored.rows.failed + rescored.rows.missing === 0
}

export function nothingText({ run, state, rescored }: RunOutcome): string {
  const { only } = rescored as RescoredReport
  const what = only.map(sort => ({ failed: 'rejected no row', missing: 'has every key of the population' })[sort]).join(' and ')
  return `Nothing to rescore: run ${shortHash(run)} ${what}. It is ${state}, as before.`
}

export function rescoredText({ run, rows: { failed, missing, taken } }: RescoredReport): string {
  return `${count(failed)} failed + ${count(missing)} missing computed, ${count(taken)} taken over from run ${shortHash(run)}`
}

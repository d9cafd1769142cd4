/** Runs at moments of the past, for a person. */
import { formatInstant, PrescoreError, parseDurationUs } from '../../base/index.ts'
import { type BackfillOutcome, type BackfillRequest, type BatchPlace, backfill, dryBackfill } from '../../batch/index.ts'
import { EXIT, type ExitCode, moment, type OptionValue, text } from '../command.ts'
import { exitOf } from '../outputs-text.ts'
import { runReporter } from '../run-progress.ts'
import { count, shortHash, type Terminal, table } from '../terminal.ts'
import { backfillText, costOf } from './estimate.ts'

type Options = Readonly<Record<string, OptionValue>>
type Range = Pick<BackfillRequest, 'fromUs' | 'toUs' | 'everyUs'>

/** What one run may be given, and several may not. */
const NOT_BESIDE = ['plan', 'finish', 'html'] as const

/** The moments that the options name; undefined where none of them is given. @throws PrescoreError `wrong_use` */
export function backfillRange(options: Options): Range | undefined {
  const [fromUs, toUs, every] = [moment(options.from, 'from'), moment(options.to, 'to'), text(options.every)]
  if (fromUs === undefined && toUs === undefined && every === undefined) return undefined
  const everyUs = every === undefined ? undefined : parseDurationUs(every)
  if (every !== undefined && everyUs === undefined)
    throw new PrescoreError('wrong_use', { where: '--every', found: every, expected: "a duration, such as '24h'" })
  const beside = NOT_BESIDE.find(name => options[name] !== undefined && options[name] !== false)
  if (beside !== undefined)
    throw new PrescoreError('wrong_use', {
      where: '--from, --to, --every',
      found: `--${beside} beside them`,
      expected: `one moment: --${beside} is of one run`,
      fix: 'Give --as-of in their place.',
    })
  if (fromUs !== undefined && toUs !== undefined && everyUs !== undefined && options['as-of'] === undefined)
    return { fromUs, toUs, everyUs }
  throw new PrescoreError('wrong_use', { found: 'a part of them', expected: '--from, --to and --every together, and no --as-of' })
}

export async function runBackfill(place: BatchPlace, request: Omit<BackfillRequest, 'progressOf'>, terminal: Terminal): Promise<ExitCode> {
  const progressOf = (asOfUs: number, at: number, of: number) => {
    if (terminal.tellsEvents) terminal.event({ event: 'backfill', run: at, of })
    else terminal.note(`run ${count(at)} of ${count(of)}`)
    return runReporter(terminal, asOfUs)
  }
  const outcomes = await backfill(place, { ...request, progressOf })
  terminal.print({ runs: outcomes.map(toJson) }, table(outcomes.map(toCells)))
  return worst(outcomes.map(exitOfOne))
}

/** What it would take; nothing is run. */
export async function estimateBackfill(
  place: BatchPlace,
  request: Omit<BackfillRequest, 'progressOf' | 'publish'>,
  hourPrice: number | undefined,
  terminal: Terminal,
): Promise<ExitCode> {
  const { runs, finished, each } = await dryBackfill(place, request)
  const cost = each === undefined ? undefined : costOf(each.seconds.total * runs, hourPrice)
  const seconds = runs * (each?.seconds.total ?? 0)
  const one = each === undefined ? {} : { each: { ...each, asOf: formatInstant(each.asOfUs) } }
  terminal.print({ runs, finished, seconds, ...one, ...(cost === undefined ? {} : { cost }) }, backfillText({ runs, finished, each }, cost))
  return EXIT.done
}

function toJson(one: BackfillOutcome): object {
  const asOf = formatInstant(one.asOfUs)
  return 'empty' in one ? { asOf, state: 'empty', error: one.empty } : { asOf, ...one.outcome }
}

function toCells(one: BackfillOutcome): readonly string[] {
  const asOf = formatInstant(one.asOfUs)
  if ('empty' in one) return ['–', asOf, 'no run', 'the population has no rows']
  const { run, state, unchanged, report } = one.outcome
  return [shortHash(run), asOf, unchanged ? `${state} before` : state, `${count(report.ok)} of ${count(report.rows)} rows`]
}

function exitOfOne(one: BackfillOutcome): ExitCode {
  if ('empty' in one) return EXIT.failed
  return one.outcome.state === 'gated' ? EXIT.gated : exitOf(one.outcome.outputs)
}

/** What has to be mended comes before what goes by itself. */
function worst(codes: readonly ExitCode[]): ExitCode {
  return [EXIT.failed, EXIT.gated, EXIT.tryAgain].find(code => codes.includes(code)) ?? EXIT.done
}

/** Runs at moments of the past, for a person. */
import { formatInstant, PrescoreError, parseDurationUs } from '../../base/index.ts'
import { type BackfillRequest, type BatchPlace, backfill } from '../../batch/index.ts'
import { EXIT, type ExitCode, moment, type OptionValue, text } from '../command.ts'
import { runReporter } from '../run-progress.ts'
import { count, shortHash, type Terminal, table } from '../terminal.ts'

type Options = Readonly<Record<string, OptionValue>>
type Range = Pick<BackfillRequest, 'fromUs' | 'toUs' | 'everyUs'>

/** The moments that the options name; undefined where none of them is given. @throws PrescoreError `wrong_use` */
export function backfillRange(options: Options): Range | undefined {
  const [fromUs, toUs, every] = [moment(options.from, 'from'), moment(options.to, 'to'), text(options.every)]
  if (fromUs === undefined && toUs === undefined && every === undefined) return undefined
  const everyUs = every === undefined ? undefined : parseDurationUs(every)
  if (every !== undefined && everyUs === undefined)
    throw new PrescoreError('wrong_use', { where: '--every', found: every, expected: "a duration, such as '24h'" })
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
  const rows = outcomes.map(({ run, asOfUs, state, unchanged, report }) => [
    shortHash(run),
    formatInstant(asOfUs),
    unchanged ? `${state} before` : state,
    `${count(report.ok)} of ${count(report.rows)} rows`,
  ])
  terminal.print({ runs: outcomes.map(({ asOfUs, ...outcome }) => ({ asOf: formatInstant(asOfUs), ...outcome })) }, table(rows))
  return outcomes.some(({ state }) => state === 'gated') ? EXIT.gated : EXIT.done
}

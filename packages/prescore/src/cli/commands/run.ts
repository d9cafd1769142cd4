import { formatInstant, PrescoreError } from '../../base/index.ts'
import { dryRun, PUBLISHING, planOnly, rescoredAsOf, runBatch } from '../../batch/index.ts'
import { type Command, EXIT, type Invocation, moment, type OptionValue, oneOf, REASON, reasonOf, text, wholeNumber } from '../command.ts'
import { exitOf } from '../outputs-text.ts'
import { writePage } from '../report/write.ts'
import { backfillRange, estimateBackfill, runBackfill } from '../run/backfill.ts'
import { costOf, estimateText } from '../run/estimate.ts'
import { printPlan } from '../run/plan.ts'
import { foundNothing, RESCORE_OPTIONS, rescoreOf } from '../run/rescore.ts'
import { runReporter } from '../run-progress.ts'
import { runText } from '../run-text.ts'
import { shortHash } from '../terminal.ts'
import { who } from '../who.ts'

export const run: Command = {
  name: 'run',
  summary: 'score the population ahead, check the result, publish it; repeated, it goes on where it stopped',
  usage: '<prediction> [--as-of TIME | --from TIME --to TIME --every LENGTH | --rescore RUN]',
  example: 'prescore run late --as-of 2001-06-15T03:00:00-04:00',
  options: {
    'as-of': { type: 'string', value: 'TIME', help: 'The moment the features hold for, with its zone (default: now)' },
    shards: { type: 'string', value: 'N', help: 'Shards of each stage (default: by rows and threads)' },
    publish: {
      type: 'string',
      value: 'WHEN',
      values: PUBLISHING,
      help: 'gated (if all gates pass; default), latest (so, but left staged where a later as-of is served), never, or force (whatever the gates say, and over a later as-of; needs --reason)',
    },
    ...REASON,
    repin: { type: 'boolean', help: 'Take the sources as they are now, though the same run was planned before' },
    'dry-run': { type: 'boolean', help: 'Only estimate time, disk and memory, from a sample of about 1 % of the rows' },
    'hour-price': { type: 'string', value: 'PRICE', help: 'dry run: what the machine costs an hour' },
    html: {
      type: 'string',
      value: 'FILE',
      values: 'file',
      help: 'Also write the run as one HTML page, as `prescore runs show --html` does',
    },
    plan: { type: 'boolean', help: 'Only plan: `prescore shard` then computes each shard, anywhere that sees the folders' },
    finish: { type: 'boolean', help: 'Compute no shard: gate and publish, or refuse where some are open' },
    from: { type: 'string', value: 'TIME', help: 'Backfill: the first as-of, with its zone. Runs stay staged, unless --publish is given' },
    to: { type: 'string', value: 'TIME', help: 'Backfill: the last as-of is at or before it' },
    every: { type: 'string', value: 'LENGTH', help: "Backfill: from one as-of to the next, such as '24h'" },
    ...RESCORE_OPTIONS,
  },
  positionals: [1, 1],
  places: ['prediction'],
  async run(invocation) {
    const { open, terminal, options, positionals, watch } = invocation
    const range = backfillRange(options)
    const rescore = rescoreOf(options)
    const publish = publishOf(options, range === undefined ? 'gated' : 'never')
    const shards = wholeNumber(options.shards, 'shards', 1, 100_000)
    const hourPrice = priceOf(options['hour-price'])
    const asOf = moment(options['as-of'], 'as-of')
    const signal = watch()
    const app = await open()
    const prediction = app.prediction(positionals[0] as string).name
    const place = await app.place()
    const shared = {
      prediction,
      ...publish,
      signal,
      threads: app.threads,
      repin: options.repin === true,
      ...(shards === undefined ? {} : { shards }),
      ...(rescore === undefined ? {} : { rescore }),
    }
    const isDry = options['dry-run'] === true
    if (range !== undefined)
      return isDry
        ? estimateBackfill(place, { ...shared, ...range }, hourPrice, terminal)
        : runBackfill(place, { ...shared, ...range }, terminal)
    const asOfUs = rescore === undefined ? (asOf ?? app.clock.nowUs()) : rescoredAsOf(place, prediction, rescore.run, asOf)
    if (isDry) {
      const estimate = await dryRun(place, { ...shared, asOfUs })
      if ('finished' in estimate) {
        terminal.print(estimate, `Nothing to do: run ${shortHash(estimate.run)} is ${estimate.state}.`)
        return EXIT.done
      }
      const cost = costOf(estimate.seconds.total, hourPrice)
      terminal.print({ ...estimate, finished: false, ...(cost === undefined ? {} : { cost }) }, estimateText(estimate, cost))
      return EXIT.done
    }
    if (options.plan === true) return printPlan(await planOnly(place, { ...shared, asOfUs }), terminal)
    const outcome = await runBatch(place, {
      ...shared,
      finishOnly: options.finish === true,
      asOfUs,
      onProgress: runReporter(terminal, asOfUs),
    }).catch(error => {
      throw asOf === undefined && rescore === undefined ? repeatable(error, asOfUs) : error
    })
    const page = text(options.html)
    if (page !== undefined) await writePage(place, outcome.run, page)
    terminal.print(outcome, runText(outcome))
    return outcome.state === 'gated' && !foundNothing(outcome) ? EXIT.gated : exitOf(outcome.outputs)
  },
}

type Publish = Pick<Parameters<typeof runBatch>[1], 'publish' | 'note'>

/** When to publish, by whom and why. @throws PrescoreError `wrong_use` */
function publishOf(options: Invocation['options'], usual: Publish['publish']): Publish {
  const publish = oneOf(options.publish, 'publish', PUBLISHING) ?? usual
  const note = { ...who(), ...reasonOf(options) }
  if (publish !== 'force' || note.reason !== undefined) return { publish, note }
  throw new PrescoreError('wrong_use', { where: '--publish force', found: 'no --reason', expected: 'why the gates are passed over' })
}

function priceOf(value: OptionValue): number | undefined {
  const price = value === undefined ? undefined : Number(value)
  if (price === undefined || price >= 0) return price
  throw new PrescoreError('wrong_use', { where: '--hour-price', found: String(value), expected: 'a number' })
}

/** Without `--as-of`, the same command would be another run. */
function repeatable(error: unknown, asOfUs: number): unknown {
  if (!(error instanceof PrescoreError) || !error.retryable) return error
  const again = `Repeat it with --as-of ${formatInstant(asOfUs)}: finished work is kept.`
  const { fix: mend } = error.details
  const fix = mend === undefined ? again : `${mend} ${again}`
  return new PrescoreError(error.code, { ...error.details, fix })
}

import { extname, resolve } from 'node:path'
import { PrescoreError } from '../../base/index.ts'
import { buildDataset, type DatasetReport } from '../../dataset/index.ts'
import { releaseForLive } from '../../release/index.ts'
import { type Command, EXIT, moment, type OptionValue, oneOf, text, wholeNumber } from '../command.ts'
import { stageReporter } from '../progress.ts'
import { count, seconds, shortHash } from '../terminal.ts'

const CLOCKS = ['as-served', 'corrected'] as const

export const dataset: Command = {
  name: 'dataset',
  summary: 'write a point-in-time training set: features as of each row, and the label',
  usage: '<prediction> --out FILE',
  example: 'prescore dataset late --from 2001-02-01T00:00:00-05:00 --until 2001-06-01T00:00:00-04:00 --sample 0.2 --out late.parquet',
  options: {
    out: { type: 'string', value: 'FILE', values: 'file', help: 'The .parquet file to write' },
    from: { type: 'string', value: 'TIME', help: 'First as-of, with its zone (default: all)' },
    until: { type: 'string', value: 'TIME', help: 'End of the as-of times, not included' },
    sample: { type: 'string', value: 'SHARE', help: 'Share of the rows to take, spread evenly (default: 1)' },
    score: { type: 'boolean', help: "Also what the release's model gives for each row: a backtest" },
    memory: { type: 'string', value: 'MB', help: 'Memory of the process; what is more waits on disk (default: 1024)' },
    clock: {
      type: 'string',
      value: 'CLOCK',
      values: CLOCKS,
      help: 'as-served (what was known then; default) or corrected (all that is known now)',
    },
  },
  positionals: [1, 1],
  places: ['prediction'],
  async run({ open, terminal, options, positionals, watch }) {
    const file = text(options.out)
    if (file === undefined || extname(file) !== '.parquet')
      throw new PrescoreError('wrong_use', {
        where: '--out',
        found: file ?? 'nothing',
        expected: 'the file to write, whose name ends with .parquet',
      })
    const range = { ...time('fromUs', 'from', options.from), ...time('untilUs', 'until', options.until), ...sampleOf(options.sample) }
    const clock = oneOf(options.clock, 'clock', CLOCKS) ?? 'as-served'
    const memoryMb = wholeNumber(options.memory, 'memory', 16, 1_000_000)
    const signal = watch()
    const app = await open()
    const { name } = app.prediction(positionals[0] as string)
    const release = options.score === true ? await releaseForLive(app.loaded, name, app.releases, app.store().catalog) : undefined
    const report = await buildDataset(app.database(), app.loaded, {
      prediction: name,
      file: resolve(file),
      clock,
      threads: app.threads,
      onProgress: stageReporter(terminal),
      signal,
      ...(release === undefined ? {} : { release }),
      ...(memoryMb === undefined ? {} : { memoryMb }),
      ...range,
    })
    terminal.print(
      report,
      `${count(report.rows)} rows × ${report.features.length} features (${report.clock}) in ${file}, ${seconds(report.seconds)}` +
        `${leftOut(report)}\nfeature hash ${shortHash(report.featureHash)}${scoresText(report)}`,
    )
    return EXIT.done
  },
}

function leftOut({ unlabelled, keyless }: Pick<DatasetReport, 'unlabelled' | 'keyless'>): string {
  const told = [
    [unlabelled, 'without a known label'],
    [keyless, 'whose key has a missing column'],
  ] as const
  return told.map(([rows, why]) => (rows === 0 ? '' : `; ${count(rows)} rows ${why} left out`)).join('')
}

function time<K extends string>(member: K, option: string, value: OptionValue): { [M in K]?: number } {
  const us = moment(value, option)
  return (us === undefined ? {} : { [member]: us }) as { [M in K]?: number }
}

function sampleOf(value: OptionValue): { sample?: number } {
  if (value === undefined) return {}
  const sample = Number(value)
  if (sample > 0 && sample <= 1) return { sample }
  throw new PrescoreError('wrong_use', { where: '--sample', found: String(value), expected: 'a share greater than 0, at most 1' })
}

function scoresText({ release, rejected = {} }: DatasetReport): string {
  if (release === undefined) return ''
  const refused = Object.entries(rejected).map(([code, rows]) => `; ${count(rows)} rows without a value: ${code}`)
  return `\nvalues of release ${shortHash(release)}${refused.join('')}`
}

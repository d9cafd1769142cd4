import { PrescoreError } from '../../base/index.ts'
import { runShards } from '../../batch/index.ts'
import { type Command, EXIT, oneOf, text } from '../command.ts'
import { StageProgress } from '../progress.ts'
import { count, shortHash } from '../terminal.ts'

/** Where array jobs find their number: Kubernetes, AWS Batch, Google Batch, Slurm. */
const INDEX_VARIABLES = ['JOB_COMPLETION_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX', 'BATCH_TASK_INDEX', 'SLURM_ARRAY_TASK_ID']
const STAGES = ['features', 'score'] as const
const SHARDS_MAX = 100_000

export const shard: Command = {
  name: 'shard',
  summary: 'compute one numbered shard of a planned run, or several: the unit of work for any scheduler',
  usage: '<run> features|score [--index N]',
  example: 'prescore shard 3f9c21ab04de score --index 7',
  options: {
    index: {
      type: 'string',
      value: 'N',
      help: `Its number from 0, or several as 4-7 (default: ${INDEX_VARIABLES.join(', ')} of the environment)`,
    },
  },
  positionals: [2, 2],
  places: [[], STAGES],
  async run({ open, terminal, options, positionals, watch }) {
    const stage = oneOf(positionals[1], 'stage', STAGES) as 'features' | 'score'
    const shards = numbersOf(text(options.index) ?? INDEX_VARIABLES.map(name => process.env[name]).find(value => value !== undefined))
    const signal = watch()
    const app = await open()
    const progress = new StageProgress(terminal)
    let rows = 0
    const onRows = (more: number) => {
      rows += more
      progress.rows(stage, rows, undefined)
    }
    const place = { loaded: app.loaded, database: app.database(), releases: app.releases, runs: app.runs }
    const done = await runShards(place, { run: positionals[0] as string, stage, shards, signal, onRows })
    const what = `${stage} ${shards.length === 1 ? shards[0] : `${shards[0]} to ${shards.at(-1)}`} of run ${shortHash(done.run)} done`
    terminal.print(done, `${what}; ${done.open === 0 ? 'none of the stage is open' : `${count(done.open)} of the stage are open`}.`)
    return EXIT.done
  },
}

/** `7`, or `4-7`. @throws PrescoreError `wrong_use` */
function numbersOf(range: string | undefined): readonly number[] {
  const [, first, last = first] = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(range ?? '') ?? []
  const [from, to] = [Number(first), Number(last)]
  if (from <= to && to < SHARDS_MAX) return Array.from({ length: to - from + 1 }, (_, i) => from + i)
  throw new PrescoreError('wrong_use', { where: '--index', found: range ?? 'nothing', expected: 'a number from 0, or several as 4-7' })
}

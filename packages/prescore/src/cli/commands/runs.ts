import { PrescoreError } from '../../base/index.ts'
import { type Command, EXIT, type Invocation } from '../command.ts'
import { diffCommand } from '../runs/diff.ts'
import { exportCommand } from '../runs/export.ts'
import { listCommand } from '../runs/list.ts'
import { pruneCommand } from '../runs/prune.ts'
import { showCommand } from '../runs/show.ts'

/** What may be done with runs, and how many of them it takes. */
const ACTIONS: Readonly<
  Record<string, { readonly takes: number; readonly perform: (invocation: Invocation, ids: readonly string[]) => Promise<void> }>
> = {
  list: { takes: 0, perform: listCommand },
  show: { takes: 1, perform: showCommand },
  diff: { takes: 2, perform: diffCommand },
  export: { takes: 1, perform: exportCommand },
  prune: { takes: 0, perform: pruneCommand },
}

export const runs: Command = {
  name: 'runs',
  summary: 'list runs; show one; compare two, key by key; write one to a file; remove old ones',
  usage: '[list | show RUN | diff RUN RUN | export RUN --out FILE | prune]',
  example: 'prescore runs show 3f9c21ab04de',
  options: {
    html: {
      type: 'string',
      value: 'FILE',
      values: 'file',
      help: 'show: write the run as one HTML page, with its distributions beside those of the run before',
    },
    features: { type: 'boolean', help: 'diff, export: with the values of the features' },
    top: { type: 'string', value: 'N', help: 'diff: keys to show of each sort (default: 10)' },
    keep: { type: 'string', value: 'N', help: 'prune: newest finished runs of each prediction that stay (default: 10)' },
    'older-than': { type: 'string', value: 'AGE', help: 'prune: only what has not changed for so long (default: 30d)' },
    'events-older-than': { type: 'string', value: 'AGE', help: 'prune: also drop events of logs that are older and stand in the files' },
    'dry-run': { type: 'boolean', help: 'prune: only say what would be removed' },
    out: { type: 'string', value: 'FILE', values: 'file', help: 'export: the .parquet, .csv or .ndjson file to write' },
  },
  positionals: [0, 3],
  places: [Object.keys(ACTIONS)],
  async run(invocation) {
    const [first, ...rest] = invocation.positionals
    if (first === undefined) await perform(invocation, 'list', [])
    else if (Object.hasOwn(ACTIONS, first)) await perform(invocation, first, rest)
    else await perform(invocation, 'show', invocation.positionals)
    return EXIT.done
  },
}

async function perform(invocation: Invocation, name: string, ids: readonly string[]): Promise<void> {
  const { takes, perform: act } = ACTIONS[name] as (typeof ACTIONS)[string]
  if (ids.length === takes) return act(invocation, ids)
  const expected = ['nothing more', 'one run'][takes] ?? `${takes} runs`
  throw new PrescoreError('wrong_use', { where: `prescore runs ${name}`, found: ids.length === 0 ? 'nothing' : ids.join(' '), expected })
}

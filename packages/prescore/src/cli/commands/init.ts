import { relative } from 'node:path'
import { systemClock } from '../../base/index.ts'
import { type Initialised, initProject } from '../../init/index.ts'
import { type Command, EXIT, text } from '../command.ts'
import { emphasis } from '../terminal.ts'
import { projectDependencies } from '../version.ts'

export const init: Command = {
  name: 'init',
  summary: 'start a project: from your data and model, or a tiny complete sample',
  usage: '[folder] [--from DATA] [--model FILE]',
  example: 'prescore init my-project --from data/orders.parquet --model models/spend.onnx',
  options: {
    from: {
      type: 'string',
      value: 'DATA',
      values: 'file',
      help: 'Rows whose columns are read: a file, folder or glob (Parquet, CSV, JSON), or postgres:TABLE of the database at DATABASE_URL',
    },
    model: { type: 'string', value: 'FILE', values: 'file', help: 'An ONNX model (default: one that stands in until there is yours)' },
  },
  positionals: [0, 1],
  places: ['folder'],
  async run({ terminal, options, positionals: [folder = '.'] }) {
    const [from, model] = [text(options.from), text(options.model)]
    const given = { ...(from === undefined ? {} : { from }), ...(model === undefined ? {} : { model }) }
    const done = await initProject({ folder, clock: systemClock, dependencies: await projectDependencies(), ...given })
    terminal.print(done, textOf(done))
    return EXIT.done
  },
}

function textOf({ folder, written, guesses, install, next }: Initialised): string {
  const place = relative(process.cwd(), folder)
  const steps = [...(place === '' ? [] : [`cd ${place}`]), install, ...next]
  return [
    `Written${place === '' ? '' : ` to ${place}`}: ${written.join(', ')}`,
    ...(guesses.length === 0 ? [] : ['', 'Guessed, to be looked at in prescore.config.ts:', ...guesses.map(guess => `  ${guess}`)]),
    '',
    'Next:',
    ...steps.map(step => emphasis('bold', `  ${step}`)),
  ].join('\n')
}

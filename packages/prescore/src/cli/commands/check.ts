import type { Problem } from '../../base/index.ts'
import type { ProjectDefinition } from '../../project/index.ts'
import { checkAll } from '../../release/index.ts'
import { type Command, EXIT } from '../command.ts'
import { numbered, problemText } from '../terminal.ts'

export const check: Command = {
  name: 'check',
  summary: 'compare the project with its data and models, and list every problem',
  usage: '',
  example: 'prescore check',
  options: {
    first: { type: 'boolean', help: 'Show only what to mend first' },
  },
  positionals: [0, 0],
  async run({ open, terminal, options }) {
    const app = await open()
    const problems = await checkAll(await app.database(), app.loaded)
    const errors = problems.filter(({ severity }) => severity === 'error')
    const text = options.first === true && errors.length > 0 ? firstText(errors) : allText(problems, errors.length, app.loaded.definition)
    terminal.print({ ok: errors.length === 0, problems }, text)
    return errors.length === 0 ? EXIT.done : EXIT.failed
  },
}

/** Problems come in the order in which they are mended: definitions, then data, then models. */
function firstText([first, ...others]: readonly Problem[]): string {
  const more = others.length === 0 ? 'Mend it' : `Mend it first, ${others.length} more ${others.length === 1 ? 'waits' : 'wait'}`
  return `${problemText(first as Problem)}\n\n${more}; then run \`prescore check --first\` again.`
}

function allText(problems: readonly Problem[], errors: number, { sources, predictions }: ProjectDefinition): string {
  const named = Object.keys(predictions)
  const scored = named.find(name => predictions[name]?.population !== undefined)
  const next = `\nNext: ${scored === undefined ? 'prescore serve' : `prescore run ${scored}`}`
  if (problems.length === 0)
    return `No problems: ${numbered(Object.keys(sources).length, 'source')}, ${numbered(named.length, 'prediction')}.${next}`
  const list = problems.map(each => problemText(each)).join('\n')
  return `${list}\n\n${numbered(errors, 'error')}, ${numbered(problems.length - errors, 'warning')}.${errors === 0 ? next : ''}`
}

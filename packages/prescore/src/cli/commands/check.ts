import { formatInstant, type Problem } from '../../base/index.ts'
import { durationText } from '../../monitor/index.ts'
import type { ProjectDefinition } from '../../project/index.ts'
import { checkAll, type OldData, oldData } from '../../release/index.ts'
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
    const newest = new Map<string, number>()
    const problems = await checkAll(app.database(), app.loaded, newest)
    const errors = problems.filter(({ severity }) => severity === 'error')
    const next = nextOf(app.loaded.definition, newest, app.clock.nowUs())
    const text =
      options.first === true && errors.length > 0
        ? firstText(errors)
        : allText(problems, errors.length, app.loaded.definition, nextText(next))
    const told = errors.length === 0 ? { next: next.command } : {}
    terminal.print({ ok: errors.length === 0, problems, ...told }, text)
    return errors.length === 0 ? EXIT.done : EXIT.failed
  },
}

/** Problems come in the order in which they are mended: definitions, then data, then models. */
function firstText([first, ...others]: readonly Problem[]): string {
  const more = others.length === 0 ? 'Mend it' : `Mend it first, ${others.length} more ${others.length === 1 ? 'waits' : 'wait'}`
  return `${problemText(first as Problem)}\n\n${more}; then run \`prescore check --first\` again.`
}

interface Next {
  readonly command: string
  /** Why it is not as of now. */
  readonly old?: OldData
}

function nextOf({ sources, predictions }: ProjectDefinition, newest: ReadonlyMap<string, number>, nowUs: number): Next {
  const scored = Object.values(predictions).find(({ population }) => population !== undefined)
  if (scored === undefined) return { command: 'prescore serve' }
  const old = oldData(sources, scored, newest, nowUs)
  const command = `prescore run ${scored.name}`
  return old === undefined ? { command } : { command: `${command} --as-of ${wholeSeconds(old.asOfUs)}`, old }
}

function nextText({ command, old }: Next): string {
  if (old === undefined) return `\nNext: ${command}`
  const { source, newestUs, reachUs } = old
  const told = `The newest event of ${source} was known at ${wholeSeconds(newestUs)}, and its windows reach back ${durationText(reachUs / 1_000_000)}: as of now they are empty.`
  return `\n${told}\nNext: ${command}`
}

function wholeSeconds(us: number): string {
  return formatInstant(us).replace(/\.\d+/, '')
}

function allText(problems: readonly Problem[], errors: number, { sources, predictions }: ProjectDefinition, next: string): string {
  const named = Object.keys(predictions)
  if (problems.length === 0)
    return `No problems: ${numbered(Object.keys(sources).length, 'source')}, ${numbered(named.length, 'prediction')}.${next}`
  const list = problems.map(each => problemText(each)).join('\n')
  return `${list}\n\n${numbered(errors, 'error')}, ${numbered(problems.length - errors, 'warning')}.${errors === 0 ? next : ''}`
}

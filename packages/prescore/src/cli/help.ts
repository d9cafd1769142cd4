/** Help texts, made from the commands themselves. */
import { type Command, GLOBAL_OPTIONS, type Option } from './command.ts'
import { table } from './terminal.ts'

export function overview(commands: readonly Command[]): string {
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary])
  return `prescore: score ahead of time, predict live only where it matters.

Usage: prescore <command> [options]

${table(rows)}

\`prescore help <command>\` shows its options and an example.
Exit codes: 0 done, 1 refused or failed, 2 wrong use, 3 stopped by a gate, 75 try again.
`
}

export function commandHelp({ name, summary, usage, example, options }: Command): string {
  return `prescore ${name}: ${summary}

Usage: prescore ${name} ${usage}

${table([...Object.entries(options), ...Object.entries(GLOBAL_OPTIONS)].map(optionRow))}

Example:
  ${example}
`
}

function optionRow([name, { value, help }]: readonly [string, Option]): readonly string[] {
  return [`  --${name}${value === undefined ? '' : ` ${value}`}`, help]
}

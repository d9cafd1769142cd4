/** From the words of the command line to a command with its options; what does not fit is refused with what may have been meant. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { PrescoreError, suggestion } from '../base/index.ts'
import { type Command, GLOBAL_OPTIONS, type OptionValue } from './command.ts'

export interface ParsedCommand {
  readonly options: Readonly<Record<string, OptionValue>>
  readonly positionals: readonly string[]
}

/** @throws PrescoreError `wrong_use` */
export function findCommand(commands: readonly Command[], name: string): Command {
  const command = commands.find(each => each.name === name)
  if (command !== undefined) return command
  const names = commands.map(each => each.name)
  throw new PrescoreError('wrong_use', { found: `\`${name}\``, expected: 'a command', fix: suggestion(name, names) })
}

/** @throws PrescoreError `wrong_use` */
export function parseCommand(command: Command, args: readonly string[]): ParsedCommand {
  const { values, positionals } = parsed(command, args)
  const [least, most] = command.positionals
  if (values.help === true || (positionals.length >= least && positionals.length <= most)) return { options: values, positionals }
  const found = positionals.length < least ? `${positionals.length === 0 ? 'nothing' : positionals.join(' ')}` : `\`${positionals[most]}\``
  throw refusal(command, found)
}

function parsed(command: Command, args: readonly string[]): { values: Record<string, OptionValue>; positionals: string[] } {
  const known = { ...GLOBAL_OPTIONS, ...command.options }
  const options: ParseArgsOptionsConfig = Object.fromEntries(Object.entries(known).map(([name, { type }]) => [name, { type }]))
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
      strict: true,
    })
    return { values: values as Record<string, OptionValue>, positionals }
  } catch (error) {
    const [said = ''] = (error as Error).message.split(/\. |\n/)
    const unknown = /^Unknown option '--?([^']+)'/.exec(said)?.[1]
    throw refusal(
      command,
      said,
      unknown === undefined
        ? undefined
        : suggestion(
            `--${unknown}`,
            Object.keys(known).map(name => `--${name}`),
          ),
    )
  }
}

function refusal({ name, usage }: Command, found: string, fix = `Run \`prescore help ${name}\`.`): PrescoreError {
  return new PrescoreError('wrong_use', { found, expected: `prescore ${name} ${usage}`.trimEnd(), fix })
}

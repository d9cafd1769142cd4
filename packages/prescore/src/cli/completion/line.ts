/** What can stand on the command line, from the commands themselves: for the scripts of the shells. */
import { type Command, GLOBAL_OPTIONS, type Option, type Values } from '../command.ts'

/** How the script asks for the names of a project. */
export const NAMES = '__names'

export interface LineCommand extends Pick<Command, 'name' | 'summary' | 'options'> {
  readonly places: readonly Values[]
}

export interface Line {
  readonly commands: readonly LineCommand[]
  /** Of every command but `help`. */
  readonly shared: Readonly<Record<string, Option>>
  /** Options that take a value, in whatever command. */
  readonly valued: readonly string[]
}

export function lineOf(commands: readonly Command[]): Line {
  const known = commands.map(({ name, summary, options, places = [] }) => ({ name, summary, options, places }))
  const names = known.map(({ name }) => name)
  const help: LineCommand = { name: 'help', summary: 'show the options of a command, and an example', options: {}, places: [names] }
  const options = [...known.map(each => each.options), GLOBAL_OPTIONS].flatMap(each => Object.entries(each))
  const valued = options.filter(([, { type }]) => type === 'string').map(([name]) => name)
  return { commands: [...known, help], shared: GLOBAL_OPTIONS, valued: [...new Set(valued)] }
}

export function optionsOf({ shared }: Line, { name, options }: LineCommand): readonly (readonly [name: string, option: Option])[] {
  return name === 'help' ? [] : [...Object.entries(options), ...Object.entries(shared)]
}

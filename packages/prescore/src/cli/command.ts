/** What a command is: one file in `commands/`, one line in its list. */
import type { App } from '../app.ts'
import { type Clock, instantUs, PrescoreError } from '../base/index.ts'
import type { Terminal } from './terminal.ts'

export type OptionValue = string | boolean | undefined

/** A command's surroundings: parsed arguments, the opened project, and where to print. */
export interface Invocation {
  readonly positionals: readonly string[]
  readonly options: Readonly<Record<string, OptionValue>>
  readonly terminal: Terminal
  /** The signal that fires at Ctrl-C or SIGTERM, for a command that then ends in order, within the given time. Others are cut off. */
  watch(graceMs?: number): AbortSignal
  /** Opens the project that `--project` names; closed by the caller. */
  open(clock?: Clock): Promise<App>
}

/** What may stand somewhere on the line, for its completion: one of some words, a path, or a name of the project file. */
export type Values = readonly string[] | 'file' | 'folder' | 'prediction' | 'source'

export interface Option {
  readonly type: 'string' | 'boolean'
  /** What stands for the value in the help. */
  readonly value?: string
  /** Absent: it is free, as a time or a number is. */
  readonly values?: Values
  readonly help: string
}

export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What stands after the name: `<prediction> [key]`. */
  readonly usage: string
  readonly example: string
  readonly options: Readonly<Record<string, Option>>
  /** How many positionals it takes: [least, most]. */
  readonly positionals: readonly [least: number, most: number]
  /** What positionals may be, in their order; of those after them nothing is known. */
  readonly places?: readonly Values[]
  run(invocation: Invocation): Promise<ExitCode>
}

/** Done; refused or failed; wrong use; stopped by a gate; try again. */
export const EXIT = { done: 0, failed: 1, wrongUse: 2, gated: 3, tryAgain: 75 } as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Options that every command has. */
export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  project: { type: 'string', value: 'PATH', values: 'file', help: 'The project file or its folder (default: here)' },
  state: {
    type: 'string',
    value: 'DIR',
    values: 'folder',
    help: 'Where releases, runs and answers lie (default: .prescore beside the project)',
  },
  threads: { type: 'string', value: 'N', help: 'Threads to use (default: all cores, at most 8)' },
  json: { type: 'boolean', help: 'Print data as JSON' },
  help: { type: 'boolean', help: 'Show this help' },
}

/** The whole number that an option gives. @throws PrescoreError `wrong_use` */
export function wholeNumber(value: OptionValue, name: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined
  const number = Number(value)
  if (Number.isInteger(number) && number >= least && number <= most) return number
  throw new PrescoreError('wrong_use', { where: `--${name}`, found: String(value), expected: `a whole number from ${least} to ${most}` })
}

/** One of the words that an option may be. @throws PrescoreError `wrong_use` */
export function oneOf<T extends string>(value: OptionValue, name: string, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined
  const found = allowed.find(each => each === value)
  if (found !== undefined) return found
  throw new PrescoreError('wrong_use', { where: `--${name}`, found: String(value), expected: allowed.join(', ') })
}

/** The moment that an option gives. @throws PrescoreError `wrong_use` */
export function moment(value: OptionValue, name: string): number | undefined {
  return typeof value === 'string' ? instantUs(value, `--${name}`) : undefined
}

export function text(value: OptionValue): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The option of commands that change what is served. */
export const REASON: Readonly<Record<string, Option>> = {
  reason: { type: 'string', value: 'TEXT', help: 'Why: recorded with the run, and shown' },
}

export function reasonOf(options: Readonly<Record<string, OptionValue>>): { readonly reason?: string } {
  const reason = text(options.reason)
  return reason === undefined ? {} : { reason }
}

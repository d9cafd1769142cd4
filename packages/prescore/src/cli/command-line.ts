/** The command line: finds the command, opens what it needs, and turns what happens into an exit code. */
import { availableParallelism } from 'node:os'
import { App } from '../app.ts'
import { asPrescoreError, PrescoreError } from '../base/index.ts'
import { findCommand, parseCommand } from './arguments.ts'
import { type Command, EXIT, type ExitCode, type Invocation, type OptionValue, text, wholeNumber } from './command.ts'
import { COMMANDS } from './commands/index.ts'
import { commandHelp, overview } from './help.ts'
import { Interruption } from './interruption.ts'
import { failureText, Terminal } from './terminal.ts'
import { packageVersion } from './version.ts'

const THREADS_MAX = 8

/** One for the whole process: so that with `--json` there is one document on stdout. */
const terminal = new Terminal(process.argv.includes('--json'))

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    return await dispatch(args)
  } catch (thrown) {
    return fail(asPrescoreError(thrown))
  }
}

async function dispatch([name, ...rest]: readonly string[]): Promise<ExitCode> {
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') return help(rest[0])
  if (name === '--version') return version()
  const command = findCommand(COMMANDS, name)
  const { options, positionals } = parseCommand(command, rest)
  return options.help === true ? help(command.name) : perform(command, options, positionals)
}

function help(name: string | undefined): ExitCode {
  process.stdout.write(name === undefined ? overview(COMMANDS) : commandHelp(findCommand(COMMANDS, name)))
  return EXIT.done
}

async function version(): Promise<ExitCode> {
  process.stdout.write(`${await packageVersion()}\n`)
  return EXIT.done
}

async function perform(
  command: Command,
  options: Readonly<Record<string, OptionValue>>,
  positionals: readonly string[],
): Promise<ExitCode> {
  const opened: App[] = []
  const interruption = new Interruption(() => {
    for (const app of opened) app.interrupt()
    process.exit(fail(new PrescoreError('interrupted', { where: `prescore ${command.name}` })))
  })
  const invocation: Invocation = {
    positionals,
    options,
    terminal,
    watch: graceMs => interruption.watch(graceMs),
    open: async clock => {
      const state = text(options.state)
      const app = await App.open({
        project: text(options.project) ?? '.',
        threads: wholeNumber(options.threads, 'threads', 1, 64) ?? Math.min(THREADS_MAX, availableParallelism()),
        ...(state === undefined ? {} : { state }),
        ...(clock === undefined ? {} : { clock }),
      })
      opened.push(app)
      return app
    },
  }
  try {
    return await command.run(invocation)
  } finally {
    for (const app of opened) await app.close()
    // With the code that the command has by then: a signal does not undo what is done.
    interruption.close(() => process.exit())
  }
}

/** Says what went wrong: one JSON document on stdout with `--json`, otherwise a text on stderr. */
function fail(error: PrescoreError): ExitCode {
  terminal.fail({ error }, failureText(error, process.stderr))
  if (error.code === 'wrong_use') return EXIT.wrongUse
  return error.retryable ? EXIT.tryAgain : EXIT.failed
}

// Who reads may leave early, as `head` does: what is done is done all the same.
process.stdout.on('error', () => {})
process.stderr.on('error', () => {})
process.exitCode = await main(process.argv.slice(2))

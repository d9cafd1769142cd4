/** What came of the outputs of a run, for a person and as an exit code. */
import type { OutputResults } from '../batch/index.ts'
import { EXIT, type ExitCode } from './command.ts'
import { count, emphasis } from './terminal.ts'

export function outputRows(outputs: OutputResults): readonly (readonly string[])[] {
  return Object.entries(outputs).map(([name, { state, target, rows, attempts, message, fix }]) => {
    const tries = attempts === 1 ? '' : ` after ${attempts} attempts`
    const what =
      state === 'written' ? `${emphasis('green', 'written')} ${count(rows)} rows` : emphasis(state === 'failed' ? 'red' : 'yellow', state)
    const way = fix === undefined ? '' : `\n    → ${fix}`
    return ['  output', `${name}: ${what} to ${target}${tries}${message === undefined ? '' : `: ${message}`}${way}`]
  })
}

/** For a sentence that tells what is served. */
export function outputsText(outputs: OutputResults): string {
  return outputRows(outputs)
    .map(([, text]) => `\n  ${text}`)
    .join('')
}

/** The run is served; what was not written is written by the same command again, once what keeps it from that is mended or has passed. */
export function exitOf(outputs: OutputResults): ExitCode {
  const failed = Object.values(outputs).filter(({ state }) => state === 'failed')
  if (failed.some(({ retryable }) => retryable !== true)) return EXIT.failed
  return failed.length > 0 ? EXIT.tryAgain : EXIT.done
}

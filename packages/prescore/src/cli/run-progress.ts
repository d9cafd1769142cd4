/** A run on its way: for a person a line that is rewritten, with `--json` one event a line. */
import { formatInstant } from '../base/index.ts'
import type { RunProgress } from '../batch/index.ts'
import { StageProgress, throttle } from './progress.ts'
import { count, shortHash, type Terminal } from './terminal.ts'

export function runReporter(terminal: Terminal, asOfUs: number): (progress: RunProgress) => void {
  return terminal.tellsEvents ? eventReporter(terminal, asOfUs) : lineReporter(terminal, asOfUs)
}

function eventReporter(terminal: Terminal, asOfUs: number): (progress: RunProgress) => void {
  const isDue = throttle()
  return progress => {
    if (progress.event === 'rows' && !isDue(progress.done === 0 || progress.done === progress.total)) return
    terminal.event({ ...progress, asOf: formatInstant(asOfUs) })
  }
}

function lineReporter(terminal: Terminal, asOfUs: number): (progress: RunProgress) => void {
  const stages = new StageProgress(terminal)
  return progress => {
    if (progress.event === 'released' && progress.created) terminal.note(`release ${shortHash(progress.release)} frozen`)
    else if (progress.event === 'planned')
      terminal.note(
        `run ${shortHash(progress.run)} ${progress.resumed ? 'found' : 'planned'}: ${count(progress.rows)} rows as of ${formatInstant(asOfUs)}`,
      )
    else if (progress.event === 'rows') stages.rows(progress.stage, progress.done, progress.total)
  }
}

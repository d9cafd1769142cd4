/** Rows per second, and how long it will take, of one stage at a time. */
import { count, type Terminal } from './terminal.ts'

/** Events about rows are told at most so often, and at the start and the end of a stage. */
const EVENT_MS = 500

export class StageProgress {
  readonly #terminal: Terminal
  #stage = ''
  #startedMs = 0
  #doneBefore = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** A stage starts with its first call: rates are of what is done from there. */
  rows(stage: string, done: number, total: number | undefined): void {
    if (stage !== this.#stage) {
      this.#stage = stage
      this.#startedMs = performance.now()
      this.#doneBefore = done
    }
    const elapsedSeconds = (performance.now() - this.#startedMs) / 1000
    const rate = done === this.#doneBefore ? undefined : (done - this.#doneBefore) / elapsedSeconds
    this.#terminal.progress(`${stage.padEnd(8)} ${progressText(done, total, rate)}`)
  }
}

/** `1,000 of 4,000 rows, 500 rows/s, 0:06 to go`; without a rate, how far it is. */
export function progressText(done: number, total: number | undefined, rowsPerSecond: number | undefined): string {
  if (done === 0 && total === undefined) return '…'
  const rows = `${count(done)}${total === undefined ? '' : ` of ${count(total)}`} rows`
  if (rowsPerSecond === undefined) return rows
  const toGo = total === undefined ? '' : `, ${clockText((total - done) / rowsPerSecond)} to go`
  return `${rows}, ${count(Math.round(rowsPerSecond))} rows/s${toGo}`
}

function clockText(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** Stages of a command on their way: for a person a line that is rewritten, with `--json` events, one a line. */
export function stageReporter(terminal: Terminal): (stage: string, done: number, total: number) => void {
  const progress = new StageProgress(terminal)
  const isDue = throttle()
  let last = ''
  return (stage, done, total) => {
    if (!terminal.tellsEvents) progress.rows(stage, done, total)
    else if (isDue(stage !== last || done === total)) terminal.event({ event: 'rows', stage, done, total })
    last = stage
  }
}

export function throttle(): (always: boolean) => boolean {
  let lastMs = Number.NEGATIVE_INFINITY
  return always => {
    const nowMs = performance.now()
    if (!always && nowMs - lastMs < EVENT_MS) return false
    lastMs = nowMs
    return true
  }
}

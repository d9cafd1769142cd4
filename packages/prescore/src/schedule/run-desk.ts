/** The runs that a server or a scheduler has under way: one at a time for each prediction, each in a process of its own. */
import { PrescoreError } from '../base/index.ts'
import { type PlannedRun, type RunEnd, type RunOrder, RunProcess, type RunProgram, type RunStage } from './run-process.ts'

/** Runs that have ended, and are remembered with what came of them. */
const REMEMBERED_MAX = 100
/** After so long, a run that should stop is killed: repeated, it goes on from what it has done. */
const STOP_MS = 5_000

/** What goes on in a run that was started here, or how it ended. */
export interface RunActivity extends Pick<PlannedRun, 'run'> {
  readonly isRunning: boolean
  readonly stage: RunStage | null
  /** Null while it runs. */
  readonly end: RunEnd | null
}

interface Entry {
  readonly process: RunProcess
  run?: string
  end?: RunEnd
}

export class RunDesk {
  readonly #program: RunProgram
  /** By prediction. */
  readonly #running = new Map<string, Entry>()
  /** By run. */
  readonly #known = new Map<string, Entry>()
  #isStopped = false

  constructor(program: RunProgram) {
    this.#program = program
  }

  /** @throws PrescoreError `busy`, `interrupted` (once it was stopped) */
  start(order: RunOrder): RunProcess {
    const { prediction } = order
    if (this.#isStopped) throw new PrescoreError('interrupted', { where: prediction })
    const busy = this.#running.get(prediction)
    if (busy !== undefined)
      throw new PrescoreError('busy', {
        where: prediction,
        found: busy.run === undefined ? 'a run that is being planned' : `run ${busy.run}`,
      })
    const entry: Entry = { process: new RunProcess(this.#program, order) }
    this.#running.set(prediction, entry)
    entry.process.planned.then(
      ({ run }) => this.#remember(run, entry),
      () => {},
    )
    void entry.process.ended.then(end => {
      entry.end = end
      this.#running.delete(prediction)
    })
    return entry.process
  }

  /** Of a run that was started here; undefined for others. */
  activity(run: string): RunActivity | undefined {
    const entry = this.#known.get(run)
    return entry && { run, isRunning: entry.end === undefined, stage: entry.process.stage ?? null, end: entry.end ?? null }
  }

  /** Ends what is under way, in order. */
  async stop(): Promise<void> {
    this.#isStopped = true
    const processes = [...this.#running.values()].map(({ process }) => process)
    for (const process of processes) process.stop()
    const kill = setTimeout(() => {
      for (const process of processes) process.kill()
    }, STOP_MS)
    await Promise.all(processes.map(({ ended }) => ended))
    clearTimeout(kill)
  }

  #remember(run: string, entry: Entry): void {
    entry.run = run
    this.#known.delete(run)
    this.#known.set(run, entry)
    const [oldest] = this.#known.keys()
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest)
  }
}

/**
 * One run as a process of its own: the command line's `run`, told what to do by its arguments and telling how far it is by its
 * events. Whoever serves keeps its event loop; what kills the one does not kill the other.
 */
import { spawn } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { ERRORS, errorFromJson, formatInstant, PrescoreError } from '../base/index.ts'

/** How the command line is started, and for which project. */
export interface RunProgram {
  /** The executable and what comes before the command. */
  readonly command: readonly string[]
  /** Options that name project, state and threads. */
  readonly place: readonly string[]
}

export interface RunOrder {
  readonly prediction: string
  /** Left out of a rescore: that of the earlier run. */
  readonly asOfUs?: number
  readonly publish: 'gated' | 'latest' | 'never' | 'force'
  readonly reason?: string
  readonly repin?: boolean
  /** Compute only some keys, and take the others over from an earlier run. */
  readonly rescore?: { readonly run: string; readonly only?: readonly string[] }
}

export interface PlannedRun {
  readonly run: string
  readonly release: string
  readonly rows: number
}

export interface RunStage {
  readonly stage: string
  readonly done: number
  readonly total: number | null
}

export interface RunEnd {
  /** As the command line documents it; null: it was killed. */
  readonly exitCode: number | null
  /** Whether it was done, and left staged as a run of a later as-of is served. */
  readonly isPassed?: boolean
  /** What kept it from ending well. */
  readonly failure?: PrescoreError
}

export class RunProcess {
  /** The run's id, once it is planned. @throws PrescoreError what ended it before */
  readonly planned: Promise<PlannedRun>
  /** Never rejects. */
  readonly ended: Promise<RunEnd>
  stage: RunStage | undefined
  readonly #stop: (signal: NodeJS.Signals) => void

  constructor({ command, place }: RunProgram, order: RunOrder) {
    const [file = process.execPath, ...args] = command
    // It changes nothing by HTTP, so it need not know who may.
    const { PRESCORE_ADMIN_TOKEN: _, ...env } = process.env
    const child = spawn(file, [...args, 'run', order.prediction, ...optionsOf(order), ...place, '--json'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    beNice(child.pid)
    this.#stop = signal => void child.kill(signal)
    const { promise: planned, resolve, reject } = Promise.withResolvers<PlannedRun>()
    this.planned = planned
    planned.catch(() => {})
    let printed = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
    let release = ''
    let lastLine = ''
    createInterface({ input: child.stderr }).on('line', line => {
      const event = eventOf(line)
      if (event === undefined) lastLine = line
      else if (event.event === 'released') release = String(event.release)
      else if (event.event === 'planned') resolve({ run: String(event.run), release, rows: Number(event.rows) })
      else if (event.event === 'rows')
        this.stage = { stage: String(event.stage), done: Number(event.done), total: (event.total as number) ?? null }
    })
    this.ended = new Promise(end => {
      const finish = (exitCode: number | null, cause?: Error) => {
        const failure = exitCode === 0 || exitCode === 3 ? undefined : failureOf(printed, cause?.message ?? lastLine, exitCode)
        const standing = exitCode === 0 || exitCode === 3 ? standingOf(printed) : undefined
        if (standing !== undefined) resolve(standing)
        reject(failure ?? new PrescoreError('run_failed', { where: order.prediction, found: 'a run that ended without a plan' }))
        const passed = exitCode === 0 && isPassed(printed) ? { isPassed: true } : {}
        end({ exitCode, ...passed, ...(failure === undefined ? {} : { failure }) })
      }
      child.once('error', error => finish(null, error))
      child.once('close', code => finish(code))
    })
  }

  /** Ends it in order: a shard is finished or dropped, and what is done is kept. */
  stop(): void {
    this.#stop('SIGTERM')
  }

  kill(): void {
    this.#stop('SIGKILL')
  }
}

/** Answers come first. */
function beNice(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended, or this system has no priorities.
  }
}

function optionsOf({ asOfUs, publish, reason, repin, rescore }: RunOrder): string[] {
  return [
    ...(asOfUs === undefined ? [] : ['--as-of', formatInstant(asOfUs)]),
    ...['--publish', publish],
    ...(rescore === undefined ? [] : [`--rescore=${rescore.run}`]),
    ...(rescore?.only === undefined ? [] : [`--only=${rescore.only.join(',')}`]),
    ...(reason === undefined ? [] : [`--reason=${reason}`]),
    ...(repin === true ? ['--repin'] : []),
  ]
}

function eventOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && 'event' in value ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Of a rescore that found nothing to compute: the earlier run, as it stands. */
function standingOf(printed: string): PlannedRun | undefined {
  try {
    const { run, release, report } = JSON.parse(printed) as { run: unknown; release: unknown; report?: { rows: unknown } }
    return { run: String(run), release: String(release), rows: Number(report?.rows) }
  } catch {
    return undefined
  }
}

function isPassed(printed: string): boolean {
  try {
    const { state, laterServed } = JSON.parse(printed) as { state?: unknown; laterServed?: unknown }
    return state === 'staged' && laterServed !== undefined
  } catch {
    return false
  }
}

/** What the command printed in the place of a result, or beside it of outputs. */
function failureOf(printed: string, lastLine: string, exitCode: number | null): PrescoreError {
  try {
    const { error, outputs = {} } = JSON.parse(printed) as { error?: Record<string, unknown>; outputs?: Record<string, Output> }
    if (typeof error?.code === 'string' && Object.hasOwn(ERRORS, error.code)) return errorFromJson(error)
    const failed = Object.entries(outputs).find(([, { state }]) => state === 'failed')
    if (failed !== undefined) return outputFailure(...failed)
  } catch {
    // It was killed, or could not be started: there is no result.
  }
  const found = exitCode === null ? 'a run that was killed' : `exit code ${exitCode}`
  return new PrescoreError('run_failed', { found: lastLine === '' ? found : `${found}: ${lastLine}` })
}

interface Output {
  readonly state: string
  readonly target?: string
  readonly message?: string
  readonly fix?: string
}

/** The run itself is done. */
function outputFailure(name: string, { target, message, fix }: Output): PrescoreError {
  return new PrescoreError('output_failed', {
    where: `outputs.${name}`,
    found: `${target}: ${message}`,
    ...(fix === undefined ? {} : { fix }),
  })
}

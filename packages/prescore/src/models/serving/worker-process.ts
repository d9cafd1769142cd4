/**
 * One worker as the server sees it. A process and no thread: a thread cannot be ended while it is inside ONNX Runtime
 * (measured: the whole process aborts, whether the thread is terminated or the process exits meanwhile), a process can;
 * and a message to it takes no longer (measured: 24 µs there and back with 32 rows, 54 µs to a thread).
 */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { errorFromJson, type PrescoreError } from '../../base/index.ts'
import type { Matrix } from '../runtime.ts'
import { laneLost } from './lanes.ts'
import type { FromWorker, ToWorker, WorkerSpec } from './messages.ts'

/** A worker that was asked to end and has not after this time is ended. */
const STOP_MS = 2_500
const PROGRAM = fileURLToPath(new URL('./worker.ts', import.meta.url))

interface Call {
  readonly resolve: (values: Matrix) => void
  readonly reject: (error: unknown) => void
}

export class WorkerProcess {
  /** @throws PrescoreError what opening the model throws; `model_failed` when the process died */
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  readonly #file: string
  readonly #process: ChildProcess
  #call: Call | undefined
  /** Why it works no more. */
  #death: PrescoreError | undefined

  constructor(spec: WorkerSpec) {
    this.#file = spec.file
    this.#process = fork(PROGRAM, { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    this.ended = new Promise(resolve => this.#process.once('exit', () => resolve()))
    this.#process.unref()
    this.#process.on('message', (message: FromWorker) => this.#receive(message))
    this.#process.on('error', error => this.#die(laneLost('model_failed', this.#file, `a worker that did not start: ${error.message}`)))
    this.#process.on('exit', (code, signal) =>
      this.#die(laneLost('model_failed', this.#file, `a worker that ended with ${signal ?? `code ${code}`}`)),
    )
    this.ready = this.#ask({ type: 'open', spec }).then(() => {})
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Whether it may get another call. */
  get works(): boolean {
    return this.#death === undefined
  }

  /** One call at a time. A call that takes longer than `callMsMax` is lost, and the worker with it. */
  async run(matrix: Matrix, rows: number, callMsMax: number): Promise<Matrix> {
    const timer = setTimeout(() => this.#kill(callMsMax), callMsMax)
    try {
      return (await this.#ask({ type: 'call', matrix, rows })) as Matrix
    } finally {
      clearTimeout(timer)
    }
  }

  /** Asks it to end after what it does now, and waits for that. */
  async stop(): Promise<void> {
    this.#process.ref()
    this.#send({ type: 'stop' })
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS)
    await this.ended
    clearTimeout(timer)
  }

  /** Only a call that is under way keeps this process alive: a worker that waits ends with it. */
  #ask(message: ToWorker): Promise<Matrix | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) return reject(this.#death)
      this.#call = { resolve: resolve as Call['resolve'], reject }
      this.#process.channel?.ref()
      this.#send(message)
    })
  }

  #send(message: ToWorker): void {
    // A worker that is no longer there says so by its exit.
    if (this.#process.connected) this.#process.send(message, () => {})
  }

  #receive(message: FromWorker): void {
    const call = this.#call
    this.#call = undefined
    this.#process.channel?.unref()
    if (message.type === 'failed') call?.reject(errorFromJson(message.error))
    else call?.resolve(message.type === 'values' ? message.values : new Float32Array(0))
  }

  #kill(callMsMax: number): void {
    this.#die(laneLost('deadline_exceeded', 'the model', `a call that took longer than ${Math.round(callMsMax)} ms`))
    this.#process.kill('SIGKILL')
  }

  #die(death: PrescoreError): void {
    this.#death ??= death
    this.#call?.reject(this.#death)
    this.#call = undefined
  }
}

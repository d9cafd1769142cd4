/** Lanes in worker processes, for models whose calls would hold up the thread that serves requests. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Matrix } from '../runtime.ts'
import type { Lanes } from './lanes.ts'
import type { WorkerSpec } from './messages.ts'
import { WorkerProcess } from './worker-process.ts'

/** A worker that could not be started is tried again after this time. */
const RETRY_MS = 1_000

export interface PoolOptions {
  readonly workers: number
  /** A call that takes longer is given up: its rows fail, its worker is ended and replaced. */
  readonly callMsMax: number
}

export class WorkerPool implements Lanes {
  readonly place = 'workers'
  onFree = () => {}
  onBroken: (error: unknown) => void = () => {}
  readonly #spec: WorkerSpec
  readonly #options: PoolOptions
  readonly #started = new Set<WorkerProcess>()
  readonly #ready = new Set<WorkerProcess>()
  readonly #idle: WorkerProcess[] = []
  readonly #waiting: { readonly take: (worker: WorkerProcess) => void; readonly fail: (error: unknown) => void }[] = []
  readonly #closing = new AbortController()
  #replaced = 0

  private constructor(spec: WorkerSpec, options: PoolOptions) {
    this.#spec = spec
    this.#options = options
  }

  /** Resolves when all workers are ready. @throws PrescoreError what keeps a worker from opening the model */
  static async open(spec: WorkerSpec, options: PoolOptions): Promise<WorkerPool> {
    const pool = new WorkerPool(spec, options)
    try {
      await Promise.all(Array.from({ length: options.workers }, () => pool.#start()))
      return pool
    } catch (error) {
      await pool.close()
      throw error
    }
  }

  get free(): number {
    return this.#idle.length
  }

  get workers(): readonly number[] {
    return [...this.#ready].map(({ pid }) => pid)
  }

  get replaced(): number {
    return this.#replaced
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    const worker = this.#idle.pop() ?? (await this.#nextFree())
    try {
      return await worker.run(matrix, rows, this.#options.callMsMax)
    } finally {
      if (worker.works) this.#free(worker)
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#started].map(worker => worker.stop()))
  }

  #nextFree(): Promise<WorkerProcess> {
    return new Promise((take, fail) => {
      this.#waiting.push({ take, fail })
    })
  }

  #free(worker: WorkerProcess): void {
    const next = this.#waiting.shift()
    if (next !== undefined) {
      next.take(worker)
      return
    }
    this.#idle.push(worker)
    this.onFree()
  }

  async #start(): Promise<void> {
    const worker = new WorkerProcess(this.#spec)
    this.#started.add(worker)
    void worker.ended.then(() => this.#started.delete(worker))
    await worker.ready
    this.#ready.add(worker)
    void worker.ended.then(() => this.#replace(worker))
    this.#free(worker)
  }

  async #replace(worker: WorkerProcess): Promise<void> {
    this.#ready.delete(worker)
    const at = this.#idle.indexOf(worker)
    if (at !== -1) this.#idle.splice(at, 1)
    if (this.#closing.signal.aborted) return
    this.#replaced++
    while (!this.#closing.signal.aborted) {
      try {
        return await this.#start()
      } catch (error) {
        if (this.#ready.size === 0) this.#break(error)
        await sleep(RETRY_MS, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {})
      }
    }
  }

  #break(error: unknown): void {
    for (const { fail } of this.#waiting.splice(0)) fail(error)
    this.onBroken(error)
  }
}

/** A worker thread as its owner sees it: a task goes in, what happens on the way is told, and it ends, fails or dies. */
import { getHeapStatistics } from 'node:v8'
import { type Transferable, Worker } from 'node:worker_threads'
import { errorFromJson, PrescoreError } from './errors.ts'

/** What a worker says of its task. */
export type TaskMessage<Told, Result> =
  | { readonly type: 'told'; readonly told: Told }
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly error: Record<string, unknown> }

/** Tells a worker to end. */
export const STOP = 'stop'

/** A worker that does not end within this time is left behind. */
const STOP_MS = 2_500

/** A worker may take as much as this thread. Said outright, V8 ends a worker that needs more, and not the process with it. */
const HEAP_MB = Math.floor(getHeapStatistics().heap_size_limit / 2 ** 20)

/**
 * Of what is young. Left to itself V8 lets it grow to three times as much, of which nothing is given back; but workers deal in large
 * arrays, and what else they make is short-lived.
 */
const YOUNG_MB = 24

export interface TaskThreadOptions<Task> {
  /** The worker's file, which calls `serveTasks`. */
  readonly url: URL
  /** Plain data, for all of its tasks. */
  readonly workerData: unknown
  /** What of a task the worker takes over, instead of a copy: buffers and ports that nothing else holds on to. */
  readonly transfer?: (task: Task) => readonly object[]
  /** Names a task in messages. */
  readonly placeOf: (task: Task) => string
  /** The error of a task whose worker has died of something. */
  readonly died: (where: string, found: string) => PrescoreError
}

export interface TaskOptions<Told> {
  readonly onTold?: (told: Told) => void
  readonly signal?: AbortSignal | undefined
}

interface Performance<Told, Result> {
  readonly onTold: ((told: Told) => void) | undefined
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** Without a task, it does not keep the process alive. */
export class TaskThread<Task, Told, Result> {
  readonly #options: TaskThreadOptions<Task>
  readonly #thread: Worker
  readonly #ended: Promise<void>
  #current: Performance<Told, Result> | undefined
  /** Why it works no more. */
  #death: string | undefined

  constructor(options: TaskThreadOptions<Task>) {
    this.#options = options
    this.#thread = new Worker(options.url, {
      workerData: options.workerData,
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    })
    this.#thread.on('message', (message: TaskMessage<Told, Result>) => this.#receive(message))
    this.#thread.on('error', error => this.#die(error.message))
    this.#thread.on('exit', () => this.#die('a worker that stopped'))
    this.#ended = new Promise(resolve => this.#thread.once('exit', () => resolve()))
    this.#thread.unref()
  }

  /** One task at a time. @throws PrescoreError what the task threw; that of a worker which died; `interrupted` when the signal fires */
  async perform(task: Task, { onTold, signal }: TaskOptions<Told> = {}): Promise<Result> {
    const where = this.#options.placeOf(task)
    if (signal?.aborted === true) throw new PrescoreError('interrupted')
    if (this.#death !== undefined) throw this.#options.died(where, this.#death)
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    const interrupt = () => reject(new PrescoreError('interrupted', { where }))
    const fail = (error: unknown) => reject(typeof error === 'string' ? this.#options.died(where, error) : error)
    this.#current = { onTold, resolve, reject: fail }
    signal?.addEventListener('abort', interrupt)
    this.#thread.ref()
    try {
      this.#thread.postMessage(task, (this.#options.transfer?.(task) ?? []) as readonly Transferable[])
      return await promise
    } finally {
      signal?.removeEventListener('abort', interrupt)
      this.#current = undefined
      this.#thread.unref()
    }
  }

  /** Asks the worker to end, and waits a while. To terminate it in the middle of native work would take the whole process with it. */
  async stop(): Promise<void> {
    this.#thread.ref()
    this.#thread.postMessage(STOP)
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, STOP_MS)
    await Promise.race([this.#ended, late])
    clearTimeout(timer)
    this.#thread.unref()
  }

  #receive(message: TaskMessage<Told, Result>): void {
    if (message.type === 'told') this.#current?.onTold?.(message.told)
    else if (message.type === 'done') this.#current?.resolve(message.result)
    else this.#current?.reject(errorFromJson(message.error))
  }

  #die(found: string): void {
    this.#death ??= found
    this.#current?.reject(this.#death)
  }
}

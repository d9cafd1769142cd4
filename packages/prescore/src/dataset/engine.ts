/** Performs the tasks of a training set: on worker threads, or in this one where there is but one. */
import { PrescoreError, TaskThread } from '../base/index.ts'
import { portsOf } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { BlockTask } from './block.ts'
import { type Ground, openGround, type Told, type WorkSpec } from './ground.ts'
import type { PartTask } from './part.ts'
import { buffersOf } from './pieces.ts'
import { type Done, perform, type Task } from './work.ts'

type OnTold = (told: Told) => void

export class Engine {
  readonly #spec: WorkSpec
  readonly #database: Database
  readonly #signal: AbortSignal | undefined
  readonly #threads: TaskThread<Task, Told, Done<Task>>[] = []
  #here: Promise<Ground> | undefined

  /** @param threads 1: everything is done here. */
  constructor(spec: WorkSpec, database: Database, threads: number, signal: AbortSignal | undefined) {
    this.#spec = spec
    this.#database = database
    this.#signal = signal
    // They start before there is work, and open what they need while rows are read.
    for (let i = 0; i < threads && threads > 1; i++) this.#threads.push(threadOf(spec))
  }

  /** As many at once as there are threads. Tasks are made when their turn comes, and done in no particular order. */
  async run<T extends Task>(tasks: Iterable<T>, onTold: (task: T) => OnTold, take: (task: T, done: Done<T>) => void): Promise<void> {
    const queue = tasks[Symbol.iterator]()
    let failed = false
    const drain = async (performTask: (task: T) => Promise<Done<T>>): Promise<void> => {
      for (let next = queue.next(); next.done !== true && !failed; next = queue.next()) take(next.value, await performTask(next.value))
    }
    const here = async (task: T) => perform(await this.#ground(), task, onTold(task))
    const performers =
      this.#threads.length === 0 ? [here] : this.#threads.map(thread => (task: T) => this.#give(thread, task, onTold(task)))
    const stop = (error: unknown) => {
      failed = true
      throw error
    }
    await Promise.all(performers.map(performer => drain(performer).catch(stop)))
  }

  #ground(): Promise<Ground> {
    this.#here ??= openGround(this.#spec, this.#database)
    return this.#here
  }

  #give<T extends Task>(thread: TaskThread<Task, Told, Done<Task>>, task: T, onTold: OnTold): Promise<Done<T>> {
    return thread.perform(task, { onTold, signal: this.#signal }) as Promise<Done<T>>
  }

  async close(): Promise<void> {
    const ground = await this.#here?.catch(() => undefined)
    await Promise.all([ground?.model?.close(), ...this.#threads.splice(0).map(thread => thread.stop())])
  }
}

function threadOf(spec: WorkSpec): TaskThread<Task, Told, Done<Task>> {
  return new TaskThread({
    url: new URL('./worker.ts', import.meta.url),
    workerData: spec,
    transfer: transferred,
    placeOf: task => (task.kind === 'block' ? 'a block of rows' : `features of ${task.source}`),
    died: (where, found) => new PrescoreError('worker_failed', { where, found }),
  })
}

function transferred(task: Task): readonly object[] {
  if (task.kind === 'deal') return []
  return task.kind === 'block' ? ownOf(task) : [...portsOf(task.together?.peers), ...askedOf(task)]
}

/** Of a block: its rows and pieces were put aside for it alone. */
function ownOf({ rows, results }: BlockTask): readonly ArrayBuffer[] {
  const all = results.flatMap(({ pieces }) => pieces)
  return buffersOf(
    [...rows.columns.values(), ...all.flatMap(({ columns }) => columns)],
    all.map(piece => piece.rows),
  )
}

/** Of a part: what its rows ask for, and the places of their answers. */
function askedOf({ asked }: PartTask): readonly ArrayBuffer[] {
  const places = asked.flatMap(({ sheets }) => sheets.flatMap(({ rows }) => (rows === undefined ? [] : [rows])))
  return buffersOf(
    asked.flatMap(({ keys }) => keys),
    [...asked.map(({ asOfUs }) => asOfUs), ...places],
  )
}

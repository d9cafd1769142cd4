/** The local engine: shards on worker threads of this machine. */
import type { ScanSlice } from '../../sources/index.ts'
import type { RunSpec } from '../context.ts'
import type { KeysWanted } from '../population-slices.ts'
import type { OnRows } from '../progress.ts'
import type { HeldShard, Piece, StagedShard } from '../stages/staged-piece.ts'
import { ShardWorker } from './shard-worker.ts'
import type { Held, Task } from './task.ts'

/** Pieces that wait for their turn, or are made, for each worker. */
const AHEAD = 2

/** Runs tasks for one run. Its workers start with the first tasks, unless they have been started, and stay warm between the stages. */
export class LocalEngine {
  readonly #threads: number
  readonly #workers: ShardWorker[] = []

  constructor(threads: number) {
    this.#threads = threads
  }

  /** Starts all workers, where there will be work for them. */
  start(): void {
    this.#workersFor(this.#threads)
  }

  /** Each slice of so many to a worker of its own. @throws PrescoreError as {@link run} */
  find(of: number, wanted: (slice: ScanSlice) => KeysWanted, signal?: AbortSignal): Promise<readonly (Float64Array | undefined)[]> {
    const workers = this.#workersFor(of)
    return Promise.all(workers.map((worker, index) => worker.find(wanted({ index, of: workers.length }), signal)))
  }

  /**
   * Gives the tasks to the workers until none is left. The first failure, or the signal, stops them all.
   * @returns by task what has come of it, where its shards are held
   * @throws PrescoreError what a shard threw, `run_failed` when a worker died, `interrupted`
   */
  async run(spec: RunSpec, tasks: readonly Task[], onRows: OnRows, signal?: AbortSignal): Promise<readonly (Held | undefined)[]> {
    const queue = [...tasks]
    const results: (Held | undefined)[] = []
    const drain = async (worker: ShardWorker): Promise<void> => {
      for (let task = queue.shift(); task !== undefined; task = queue.shift())
        results[tasks.indexOf(task)] = await worker.perform(spec, task, onRows, signal)
    }
    try {
      await Promise.all(this.#workersFor(tasks.length).map(drain))
      return results
    } catch (error) {
      queue.length = 0
      await this.close()
      throw error
    }
  }

  /** Whether there are workers. */
  get isStarted(): boolean {
    return this.#workers.length > 0
  }

  /**
   * The pieces in their order, made ahead by the workers: of each only a few wait, so that no more are in memory.
   * @param onRows as they are scored, where that is still to be done
   * @throws PrescoreError as {@link run}
   */
  async *staged(spec: RunSpec, pieces: readonly (Piece | HeldShard)[], onRows: OnRows, signal?: AbortSignal): AsyncGenerator<StagedShard> {
    const workers = this.#workersFor(pieces.length)
    const working: Promise<unknown>[] = workers.map(() => Promise.resolve())
    const made: Promise<StagedShard>[] = []
    const make = () => {
      const at = made.length
      const turn = at % workers.length
      const piece = (working[turn] as Promise<unknown>).then(() =>
        (workers[turn] as ShardWorker).stage(spec, pieces[at] as Piece | HeldShard, onRows, signal),
      )
      made.push(piece)
      // Told when it is this one's turn.
      working[turn] = piece.catch(() => {})
    }
    for (let at = 0; at < pieces.length; at++) {
      while (made.length < Math.min(pieces.length, at + AHEAD * workers.length)) make()
      const piece = await (made[at] as Promise<StagedShard>)
      // What is kept in the list is kept in memory.
      delete made[at]
      yield piece
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(worker => worker.stop()))
  }

  #workersFor(tasks: number): readonly ShardWorker[] {
    const wanted = Math.min(tasks, this.#threads)
    while (this.#workers.length < wanted) this.#workers.push(new ShardWorker())
    return this.#workers.slice(0, wanted)
  }
}

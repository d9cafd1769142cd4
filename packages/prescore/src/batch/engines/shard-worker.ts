/** One worker thread as the engine sees it: shards go in, and rows are told on the way. What it may still claim once it is left behind is right, and no harm. */
import { PrescoreError, TaskThread } from '../../base/index.ts'
import { portsOf } from '../../history/index.ts'
import type { RunSpec } from '../context.ts'
import type { KeysWanted } from '../population-slices.ts'
import type { OnRows } from '../progress.ts'
import type { HeldShard, Piece, StagedShard } from '../stages/staged-piece.ts'
import type { Held, Order, OrderResult, Task, TaskRows } from './task.ts'

export class ShardWorker {
  readonly #thread: TaskThread<Order, TaskRows, OrderResult>

  constructor() {
    this.#thread = new TaskThread({
      url: new URL('./worker.ts', import.meta.url),
      workerData: undefined,
      transfer: order => ('task' in order ? portsOf(order.task.together?.peers) : []),
      placeOf: order =>
        'keys' in order
          ? `keys of ${order.keys.source.name}`
          : 'task' in order
            ? placeOf(order.task)
            : `stage, shard ${shardOf(order.piece)}`,
      died: (where, found) => new PrescoreError('run_failed', { where, found }),
    })
  }

  /** One task at a time. @returns what has come of a task that holds its shards, unless it could not. @throws PrescoreError what the shard threw; `run_failed` when the worker has died; `interrupted` when the signal fires */
  async perform(spec: RunSpec, task: Task, onRows: OnRows, signal?: AbortSignal): Promise<Held | undefined> {
    return (await this.#thread.perform({ spec, task }, { onTold: ({ rows, scan }) => onRows(rows, scan), signal })) as Held | undefined
  }

  /** Beside no other task. @param onRows as they are scored, where that is still to be done @throws PrescoreError as {@link perform} */
  async stage(spec: RunSpec, piece: Piece | HeldShard, onRows: OnRows, signal?: AbortSignal): Promise<StagedShard> {
    return (await this.#thread.perform({ spec, piece }, { onTold: ({ rows }) => onRows(rows), signal })) as StagedShard
  }

  /** Before any task. @throws PrescoreError as {@link perform} */
  async find(keys: KeysWanted, signal?: AbortSignal): Promise<Float64Array | undefined> {
    return (await this.#thread.perform({ keys }, { signal })) as Float64Array | undefined
  }

  stop(): Promise<void> {
    return this.#thread.stop()
  }
}

function shardOf(piece: Piece | HeldShard): number {
  return 'shard' in piece ? piece.shard : piece.manifest.shard
}

function placeOf({ stage, shards }: Task): string {
  const named = shards.slice(0, 5).join(', ')
  return `${stage}, ${shards.length === 1 ? 'shard' : 'shards'} ${named}${shards.length > 5 ? ', …' : ''}`
}

import type { Peers } from '../../history/index.ts'
import type { RunSpec } from '../context.ts'
import type { Stage } from '../layout.ts'
import type { ScanTotal } from '../progress.ts'

/** Some shards of one stage, for one worker. */
export interface Task {
  readonly stage: Stage
  readonly shards: readonly number[]
  /** The workers that have all shards at the same time. */
  readonly together?: Together
}

export interface Together {
  readonly peers: Peers
  /** By peer. */
  readonly shards: readonly (readonly number[])[]
}

/** What a worker is given. All of its tasks are of one run. */
export interface Order {
  readonly spec: RunSpec
  readonly task: Task
}

/** What a worker tells on the way. */
export interface TaskRows {
  readonly rows: number
  readonly scan?: ScanTotal
}

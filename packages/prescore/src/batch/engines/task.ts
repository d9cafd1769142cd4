import type { Peers } from '../../history/index.ts'
import type { RunSpec } from '../context.ts'
import type { Stage } from '../layout.ts'
import type { KeysWanted } from '../population-slices.ts'
import type { ScanTotal } from '../progress.ts'
import type { HeldShard, Piece, StagedShard } from '../stages/staged-piece.ts'

/** Some shards of one stage, for one worker. */
export interface Task {
  readonly stage: Stage
  readonly shards: readonly number[]
  /** The workers that have all shards at the same time. */
  readonly together?: Together
  /** Rows are held where they are scored, until they are asked for: those that have their features themselves, with `together`, and those whose features are all computed at once. */
  readonly hold?: true
}

/** What has come of shards that are held. */
export interface Held {
  /** Rows without a value, of all shards of the task's round. */
  readonly rejected: number
  /** That scoring took, where it was done with another stage. */
  readonly seconds?: number
}

export interface Together {
  readonly peers: Peers
  /** By peer. */
  readonly shards: readonly (readonly number[])[]
}

/** What a worker is given: shards to compute, or rows of one to be put as the store takes them, all of one run; before that, keys to be found. */
export type Order =
  | ({ readonly spec: RunSpec } & ({ readonly task: Task } | { readonly piece: Piece | HeldShard }))
  | { readonly keys: KeysWanted }

export type OrderResult = StagedShard | Held | Float64Array<ArrayBuffer> | undefined

/** What a worker tells on the way. */
export interface TaskRows {
  readonly rows: number
  readonly scan?: ScanTotal
}

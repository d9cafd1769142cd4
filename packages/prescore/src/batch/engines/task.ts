import type { Stage } from '../layout.ts'
import type { ScanTotal } from '../progress.ts'

/** Some shards of one stage, for one worker. */
export interface Task {
  readonly stage: Stage
  readonly shards: readonly number[]
}

/** What a worker tells on the way. */
export interface TaskRows {
  readonly rows: number
  readonly scan?: ScanTotal
}

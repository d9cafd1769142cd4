import type { Database } from '../parquet/index.ts'
import type { LoadedProject } from '../project/index.ts'
import type { Store } from '../stores/index.ts'

/** Where runs are made and kept. */
export interface BatchPlace {
  readonly loaded: LoadedProject
  readonly database: Database
  readonly store: Store
  /** Folders for releases and runs. */
  readonly releases: string
  readonly runs: string
}

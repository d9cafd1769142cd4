/** What a server and a worker process tell each other. The worker has one call at a time. */
import type { ModelDefinition } from '../../project/index.ts'
import type { Matrix } from '../runtime.ts'

export interface WorkerSpec {
  readonly file: string
  readonly definition: ModelDefinition
  readonly featureNames: readonly string[]
}

export type ToWorker =
  | { readonly type: 'open'; readonly spec: WorkerSpec }
  | { readonly type: 'call'; readonly matrix: Matrix; readonly rows: number }
  | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'values'; readonly values: Matrix }
  | { readonly type: 'failed'; readonly error: Record<string, unknown> }

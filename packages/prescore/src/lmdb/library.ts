/** LMDB, with native code of its own: workers know of stores and logs, and few open one. */
import { lazily } from '../base/index.ts'

export const lmdb = lazily<typeof import('lmdb')>('lmdb')

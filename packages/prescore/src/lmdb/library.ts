/** lmdb is loaded when an environment is opened: threads that open none start sooner. */
import { lazily } from '../base/index.ts'

export const lmdb = lazily<typeof import('lmdb')>('lmdb')

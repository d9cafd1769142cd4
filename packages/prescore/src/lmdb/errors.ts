/** Errors of lmdb, as ours. */
import { PrescoreError, storeUnreadable } from '../base/index.ts'

/** Runs what reads or writes a folder: errors of lmdb and of the file system (they carry a code) become `store_unreadable`. */
export function reading<T>(where: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (error instanceof PrescoreError || !(error instanceof Error && 'code' in error)) throw error
    throw storeUnreadable(where, error)
  }
}

/** Waits for what is written on another thread. lmdb tells why a commit failed by a promise beside the error. */
export async function written<T>(where: string, commit: Promise<T>): Promise<T> {
  try {
    return await commit
  } catch (error) {
    throw storeUnreadable(where, await causeOf(error))
  }
}

async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    return await error.commitError
  } catch (cause) {
    return cause
  }
}

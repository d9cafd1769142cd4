/** Statements that end when a signal fires: by themselves they go on, however long, and so does the process that waits for them. */
import { PrescoreError } from '../base/index.ts'
import type { Database } from './database.ts'

/** Between one statement's end and the next, nothing is under way that could be ended. */
const AGAIN_MS = 100

/** @throws PrescoreError `interrupted` in the place of whatever fails once the signal has fired */
export async function interruptible<T>(
  database: Pick<Database, 'interrupt'>,
  signal: AbortSignal | undefined,
  use: () => Promise<T>,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const interrupt = () => {
    database.interrupt()
    timer = setTimeout(interrupt, AGAIN_MS)
  }
  signal?.addEventListener('abort', interrupt, { once: true })
  try {
    return await use()
  } catch (error) {
    if (signal?.aborted !== true || (error instanceof PrescoreError && error.code === 'interrupted')) throw error
    throw new PrescoreError('interrupted', { cause: error })
  } finally {
    signal?.removeEventListener('abort', interrupt)
    clearTimeout(timer)
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { asPrescoreError } from '../base/index.ts'
import type { Database } from '../parquet/index.ts'
import { pinSource, type SourceAt, type SourcePin } from '../sources/index.ts'

/** To read a source, with a doubling pause between them: 8 s in all. */
const ATTEMPTS = { most: 6, firstPauseMs: 250 }

/** A database that is down for a moment is asked again: what fails here stays failed until the next start. @param signal ends the waiting. */
export async function pinPatiently(database: Database, source: SourceAt, signal: AbortSignal): Promise<SourcePin> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await pinSource(database, source)
    } catch (error) {
      if (attempt >= ATTEMPTS.most || signal.aborted || !asPrescoreError(error).retryable) throw error
      await sleep(ATTEMPTS.firstPauseMs * 2 ** (attempt - 1), undefined, { signal }).catch(() => {})
    }
  }
}

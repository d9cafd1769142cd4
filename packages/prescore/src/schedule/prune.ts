/** Retention of what was noted of schedules: files of predictions that have none any more, and what killed writers left behind. */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A writer may still be at work. */
const IN_USE_US = 3_600_000_000

export interface PruneLedgersRequest {
  /** Predictions with a schedule: what is noted of them stays. */
  readonly scheduled: ReadonlySet<string>
  readonly olderThanUs: number
  readonly nowUs: number
  readonly isDryRun: boolean
}

export async function pruneLedgers(
  folder: string,
  { scheduled, olderThanUs, nowUs, isDryRun }: PruneLedgersRequest,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const total = { files: 0, bytes: 0 }
  for (const name of await readdir(folder).catch(() => [])) {
    // The lease of those who run them looks after itself.
    if (name.startsWith('.')) continue
    if (name.endsWith('.json') && scheduled.has(name.slice(0, -'.json'.length))) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    const youngUs = name.endsWith('.tmp') ? IN_USE_US : Math.max(olderThanUs, IN_USE_US)
    if (found === undefined || nowUs - found.mtimeMs * 1000 <= youngUs) continue
    total.files++
    total.bytes += found.size
    if (!isDryRun) await rm(path, { force: true })
  }
  return total
}

/** Retention of noted answers where nobody notes any more, or no segment was begun for long: by the bounds that the project declares. */
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditDefinition } from '../../project/index.ts'
import { beyond } from './segments.ts'

const DAY_MS = 86_400_000
const MEGABYTE = 1_000_000
/** A segment that was written so lately is somebody's, whatever room there is. */
const IN_USE_MS = 3_600_000
/** Of a project that notes none: what it noted before. */
const UNDECLARED = { keepDays: 7, maxMegabytes: 256 }

export interface PruneAnswersRequest {
  readonly audit: AuditDefinition | undefined
  /** Those of the project: what audits of others came to goes too, once it is older than this. */
  readonly predictions: ReadonlySet<string>
  readonly olderThanMs: number
  readonly nowMs: number
  readonly isDryRun: boolean
}

/** @param folder of noted answers, and of what audits came to. */
export async function pruneAnswers(
  folder: string,
  request: PruneAnswersRequest,
): Promise<{ readonly files: number; readonly bytes: number }> {
  const { audit, nowMs, isDryRun } = request
  const { keepDays, maxMegabytes } = audit ?? UNDECLARED
  const segments = await beyond(join(folder, 'answers'), { bytesMax: maxMegabytes * MEGABYTE, keepMs: keepDays * DAY_MS }, nowMs)
  const old = [...segments.filter(({ writtenMs }) => nowMs - writtenMs > IN_USE_MS), ...(await oldAudits(join(folder, 'last'), request))]
  if (!isDryRun) for (const { path } of old) await rm(path, { force: true })
  return { files: old.length, bytes: old.reduce((sum, { bytes }) => sum + bytes, 0) }
}

/** Of predictions that are gone, and what killed audits left. */
async function oldAudits(folder: string, { predictions, olderThanMs, nowMs }: PruneAnswersRequest) {
  const old: { readonly path: string; readonly bytes: number }[] = []
  for (const name of await readdir(folder).catch(() => [])) {
    if (name.endsWith('.json') && predictions.has(name.slice(0, -'.json'.length))) continue
    const path = join(folder, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && nowMs - found.mtimeMs > Math.max(olderThanMs, IN_USE_MS)) old.push({ path, bytes: found.size })
  }
  return old
}

/** Retention of what was read from databases: snapshots that no plan names any more, and what killed readers left behind. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { bytesIn } from './disk.ts'
import { RunLayout } from './layout.ts'
import type { BatchPlace } from './place.ts'
import { readPlan } from './plan.ts'

export interface OldSnapshot {
  readonly path: string
  readonly bytes: number
}

/** Those that nobody has taken for so long. @param gone runs that no longer count. @param isOld of a moment in milliseconds. */
export async function oldSnapshots(
  { loaded: { snapshots }, runs }: Pick<BatchPlace, 'loaded' | 'runs'>,
  gone: ReadonlySet<string>,
  isOld: (modifiedMs: number) => boolean,
): Promise<readonly OldSnapshot[]> {
  if (snapshots === undefined) return []
  const old: OldSnapshot[] = []
  const named = await namedSnapshots(runs, gone)
  for (const entry of await readdir(snapshots, { withFileTypes: true }).catch(() => [])) {
    const isLeft = entry.isFile() ? entry.name.endsWith('.parquet') && !named.has(entry.name) : entry.name.startsWith('reading-')
    const path = join(snapshots, entry.name)
    const found = isLeft ? await stat(path).catch(() => undefined) : undefined
    if (found !== undefined && isOld(found.mtimeMs)) old.push({ path, bytes: entry.isFile() ? found.size : await bytesIn(path) })
  }
  return old
}

async function namedSnapshots(runs: string, gone: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const named = new Set<string>()
  for (const folder of await readdir(runs).catch(() => [])) {
    if (gone.has(folder)) continue
    const plan = await readPlan(new RunLayout(runs, folder))
    for (const { files } of Object.values(plan?.pins ?? {}))
      for (const { path, readAtUs } of files) if (readAtUs !== undefined) named.add(path)
  }
  return named
}

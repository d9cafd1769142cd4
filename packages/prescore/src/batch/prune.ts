/**
 * Retention: files and stored answers of runs that nobody needs, and what killed or beaten attempts left behind.
 *
 * A run is marked in the catalog first, in the same transaction that finds it neither served nor ready for rollback: from then on
 * nobody can publish it. A prune that is killed half-way is finished by the next.
 */
import { existsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { RunRecord } from '../stores/index.ts'
import { bytesIn, changedUs } from './disk.ts'
import { RunLayout } from './layout.ts'
import type { BatchPlace } from './place.ts'
import { readPlan } from './plan.ts'
import { oldSnapshots } from './prune-snapshots.ts'
import { readFeaturesManifest } from './stages/features-manifest.ts'
import { readTableManifest } from './stages/own-table.ts'
import { readScoreManifest } from './stages/score-manifest.ts'

export interface PruneRequest {
  /** Of each prediction, the newest finished runs stay, so many of them. */
  readonly keep: number
  /** And so does what is younger. */
  readonly olderThanUs: number
  readonly nowUs: number
  /** Says what would be removed, and removes nothing. */
  readonly isDryRun: boolean
}

export interface Pruned {
  readonly runs: readonly { readonly run: string; readonly prediction: string; readonly bytes: number }[]
  /** Files beside those that a DONE names, folders of runs that were never recorded, and snapshots of databases that no plan names. */
  readonly leftovers: { readonly files: number; readonly bytes: number }
}

/** An attempt may still be at work for a while after its run was finished by another one, and a reader on what it opened. */
const IN_USE_US = 3_600_000_000

type Place = Pick<BatchPlace, 'store' | 'runs' | 'loaded'>

export async function pruneRuns(place: Place, request: PruneRequest): Promise<Pruned> {
  const { catalog } = place.store
  const runs = new Map<string, RunRecord>(catalog.listRuns().map(run => [run.id, run]))
  const removed: { run: string; prediction: string; bytes: number }[] = []
  for (const run of [...halfway(place, runs), ...unneeded([...runs.values()], catalog.referencedRuns(), request)]) {
    if (await isAtWork(place, run, request)) continue
    const bytes = await removeRun(place, run, request.isDryRun)
    if (bytes !== undefined) removed.push({ run: run.id, prediction: run.prediction, bytes })
  }
  const gone = new Set(removed.map(({ run }) => run))
  const leftovers = { files: 0, bytes: 0 }
  for (const folder of await readdir(place.runs).catch(() => [])) {
    if (gone.has(folder)) continue
    for (const file of await leftBehind(new RunLayout(place.runs, folder), runs.has(folder), request)) {
      leftovers.files++
      leftovers.bytes += file.bytes
      if (!request.isDryRun) await rm(file.path, { force: true, recursive: true })
    }
  }
  const young = Math.max(request.olderThanUs, IN_USE_US)
  for (const { path, bytes } of await oldSnapshots(place, gone, modifiedMs => request.nowUs - modifiedMs * 1000 > young)) {
    leftovers.files++
    leftovers.bytes += bytes
    if (!request.isDryRun) await rm(path, { force: true, recursive: true })
  }
  return { runs: removed, leftovers }
}

/** Marked by a prune that was killed before it had removed everything. */
function halfway({ store, runs }: Place, records: ReadonlyMap<string, RunRecord>): readonly RunRecord[] {
  const stored = new Set(store.predictions.list().map(({ run }) => run))
  return [...records.values()].filter(
    ({ id, prunedAtUs }) => prunedAtUs !== undefined && (stored.has(id) || existsSync(new RunLayout(runs, id).folder)),
  )
}

/** The newest first, so that those to keep are counted off. */
function unneeded(
  runs: readonly RunRecord[],
  referenced: ReadonlySet<string>,
  { keep, olderThanUs, nowUs }: PruneRequest,
): readonly RunRecord[] {
  const kept = new Map<string, number>()
  const open = runs.filter(run => {
    if (run.prunedAtUs !== undefined || referenced.has(run.id)) return false
    const finished = run.report !== null
    const count = kept.get(run.prediction) ?? 0
    if (finished && count < keep) {
      kept.set(run.prediction, count + 1)
      return false
    }
    return nowUs - run.updatedAtUs > Math.max(olderThanUs, IN_USE_US)
  })
  // What a run that stays took over has its features there.
  const staying = runs.filter(run => run.prunedAtUs === undefined && !open.includes(run))
  const origins = new Set(staying.flatMap(({ rescored }) => rescored?.origins ?? []))
  return open.filter(({ id }) => !origins.has(id))
}

/** A run may take longer than it is kept: while its shards come in, somebody is at it. */
async function isAtWork({ runs }: Place, { id, report, prunedAtUs }: RunRecord, { nowUs }: PruneRequest): Promise<boolean> {
  return report === null && prunedAtUs === undefined && nowUs - (await changedUs(new RunLayout(runs, id).folder)) <= IN_USE_US
}

/** @returns what its files took; undefined when it was published meanwhile */
async function removeRun({ store, runs }: Place, { id }: RunRecord, isDryRun: boolean): Promise<number | undefined> {
  const { folder } = new RunLayout(runs, id)
  const bytes = await bytesIn(folder)
  if (isDryRun) return bytes
  if (!store.catalog.pruneRun(id)) return undefined
  store.predictions.drop(id)
  await rm(folder, { recursive: true, force: true })
  return bytes
}

interface Leftover {
  readonly path: string
  readonly bytes: number
}

/** Old files of a run that nothing names; the whole folder where no run is recorded, or it is marked as pruned. */
async function leftBehind(layout: RunLayout, isRecorded: boolean, { nowUs }: PruneRequest): Promise<readonly Leftover[]> {
  const isOld = async (path: string) => {
    const found = await stat(path).catch(() => undefined)
    return found !== undefined && nowUs - found.mtimeMs * 1000 > IN_USE_US
  }
  if (!isRecorded) return (await isOld(layout.folder)) ? [{ path: layout.folder, bytes: await bytesIn(layout.folder) }] : []
  const named = await namedFiles(layout)
  const entries = await readdir(layout.folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const found: Leftover[] = []
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || named.has(path) || !(await isOld(path))) continue
    found.push({ path, bytes: (await stat(path).catch(() => undefined))?.size ?? 0 })
  }
  return found
}

/** What counts: the plan, the estimate, the population, each DONE and the files that it names. */
async function namedFiles(layout: RunLayout): Promise<ReadonlySet<string>> {
  const plan = await readPlan(layout)
  if (plan === undefined) return new Set()
  const files = [layout.plan, layout.estimate, join(layout.folder, plan.population.file)]
  const table = await readTableManifest({ layout })
  if (table !== undefined) files.push(layout.table, ...table.files.map(file => join(dirname(layout.table), file)))
  for (let part = 0; part < plan.shards.features; part++) {
    const done = await readFeaturesManifest({ layout }, part)
    if (done === undefined) continue
    files.push(layout.done('features', part), ...Object.values(done.files).map(({ file }) => join(layout.shard('features', part), file)))
  }
  for (let shard = 0; shard < plan.shards.score; shard++) {
    const done = await readScoreManifest({ layout }, shard)
    if (done !== undefined) files.push(layout.done('score', shard), join(layout.shard('score', shard), done.file))
  }
  return new Set(files)
}

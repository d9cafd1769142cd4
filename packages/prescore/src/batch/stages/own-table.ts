/**
 * The table of rows that have their features themselves, kept with the run: what its rows were scored with can be told as long as the run
 * is there, whatever has become of the source since. What was read from a database is kept as long already.
 */
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, mkdir, open, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { unwritable } from '../../base/index.ts'
import { pathOf, type SourceAt, type SourcePin, verifyPin } from '../../sources/index.ts'
import { claim, readClaim } from '../claim.ts'
import { type RunContext, sourceOf } from '../context.ts'
import { hasOwnRows } from '../plan.ts'

/** What the DONE of the table says: a file for each of the pin's, relative to the DONE. */
export interface TableManifest {
  readonly files: readonly string[]
  /** When each was written: as long as it says so, nobody need read it to know it. Absent: it was not noted. */
  readonly modifiedMs?: readonly number[]
}

export function readTableManifest({ layout }: Pick<RunContext, 'layout'>): Promise<TableManifest | undefined> {
  return readClaim<TableManifest>(layout.table)
}

/** The table as it was pinned: as it is kept, or where it lies until then. */
export async function ownTable(context: RunContext, name: string): Promise<{ readonly source: SourceAt; readonly pin: SourcePin }> {
  const [source, pin] = [sourceOf(context, name), context.plan.pins[name] as SourcePin]
  const kept = await readTableManifest(context)
  if (kept === undefined) return { source, pin }
  const files = pin.files.map((file, i) => ({
    ...file,
    path: kept.files[i] as string,
    modifiedMs: kept.modifiedMs?.[i] ?? file.modifiedMs,
  }))
  return { source: { ...source, folder: dirname(context.layout.table) }, pin: { ...pin, files } }
}

/** What keeping the table takes. */
export function tableBytes(context: RunContext): number {
  return tableToKeep(context)?.pin.files.reduce((bytes, file) => bytes + file.bytes, 0) ?? 0
}

/** Copies the files, unless that has been done. @throws PrescoreError `source_changed`, `file_unwritable` */
export async function keepTable(context: RunContext): Promise<void> {
  const { layout } = context
  const table = tableToKeep(context)
  if (table === undefined || (await readTableManifest(context)) !== undefined) return
  const { source, pin } = table
  await verifyPin(source, pin)
  const attempt = randomUUID()
  const folder = join(dirname(layout.table), attempt)
  const files = pin.files.map((file, i) => join(attempt, `${i}-${basename(file.path)}`))
  const modifiedMs: number[] = []
  try {
    await mkdir(folder, { recursive: true })
    for (const [i, file] of pin.files.entries())
      modifiedMs.push(await copied(pathOf(source, file), join(dirname(layout.table), files[i] as string)))
    await synced(folder)
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw unwritable(folder, error)
  }
  // It is unchanged still, so it was when it was copied.
  await verifyPin(source, pin)
  if (!(await claim(layout.table, { files, modifiedMs } satisfies TableManifest))) await rm(folder, { recursive: true, force: true })
}

/** Undefined: there is none, or it is kept where it is. */
function tableToKeep(context: RunContext): { readonly source: SourceAt; readonly pin: SourcePin } | undefined {
  const { plan, assembly } = context
  const name = assembly.joins[0]?.definition.source
  if (!hasOwnRows(plan) || name === undefined) return undefined
  const pin = plan.pins[name] as SourcePin
  return pin.files.some(({ readAtUs }) => readAtUs !== undefined) ? undefined : { source: sourceOf(context, name), pin }
}

/** @returns when it was written */
async function copied(from: string, to: string): Promise<number> {
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await synced(to)
  return (await stat(to)).mtimeMs
}

async function synced(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

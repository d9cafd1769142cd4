/**
 * Files and folders on their way to being finished. What is still unfinished when the process exits, as at Ctrl-C, is removed; after
 * a kill it stays, beside the name that it would have had, and nothing reads it.
 */
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const open = new Set<string>()

/** Removed when the process exits, unless {@link finished} comes before. @returns the path */
export function unfinished(path: string): string {
  if (open.size === 0) process.once('exit', removeAll)
  open.add(path)
  return path
}

/** It has its name, or is gone. */
export function finished(path: string): void {
  open.delete(path)
  if (open.size === 0) process.off('exit', removeAll)
}

/** A folder for what nobody needs afterwards: {@link removeScratch} removes it, or the end of the process. */
export function scratchFolder(prefix: string): string {
  return unfinished(mkdtempSync(join(tmpdir(), prefix)))
}

export async function removeScratch(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  finished(folder)
}

/** Written beside, then renamed: the file is the one before or the whole new one. @throws what the file system throws */
export async function writeWhole(file: string, content: string): Promise<void> {
  const temporary = unfinished(`${file}.${randomUUID()}.tmp`)
  try {
    await writeFile(temporary, content, { flush: true })
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    finished(temporary)
  }
}

function removeAll(): void {
  for (const path of open)
    try {
      rmSync(path, { recursive: true, force: true })
    } catch {
      // Where it cannot be removed, it stays: the process is ending.
    }
}

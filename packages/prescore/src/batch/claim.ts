/**
 * The one way in which anything of a run becomes true: a finished temporary file is linked to its name, whole or not at all,
 * and only if the name is absent. Opening the name exclusively and then writing would let a kill in between wedge it for ever.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PrescoreError } from '../base/index.ts'

/** @returns false when the name was claimed before: the loser then deletes what it made. */
export async function claim(file: string, value: unknown): Promise<boolean> {
  await mkdir(dirname(file), { recursive: true })
  const temporary = `${file}.${randomUUID()}.tmp`
  try {
    await writeSynced(temporary, `${JSON.stringify(value, null, 2)}\n`)
    await link(temporary, file)
    await syncFolder(dirname(file))
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** What a claimed name holds; undefined while it is absent. @throws PrescoreError `run_corrupt` */
export async function readClaim<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (error instanceof SyntaxError) throw new PrescoreError('run_corrupt', { where: file, found: error.message, cause: error })
    throw error
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

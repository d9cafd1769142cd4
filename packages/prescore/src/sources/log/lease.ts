/**
 * Who reads logs for long says so by a file beside them, whose time it keeps up: what it has pinned is not dropped meanwhile. The file
 * of a process that was killed grows old, and counts no more.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** No source is called like this. */
const FOLDER = '.reading'
const RENEWED_MS = 30_000
/** A reader may be busy for a while, on a machine whose clock is another. */
const COUNTS_MS = 600_000

/**
 * Where nothing can be written, nothing is said: what was dropped meanwhile is then refused when it is read.
 * @param who in words, for whoever must wait. @returns what ends it
 */
export async function readingLogs(logs: string, who: string): Promise<() => Promise<void>> {
  const file = join(logs, FOLDER, randomUUID())
  try {
    await mkdir(join(logs, FOLDER), { recursive: true })
    await writeFile(file, who)
  } catch {
    return async () => {}
  }
  const timer = setInterval(() => {
    const now = new Date()
    utimes(file, now, now).catch(() => undefined)
  }, RENEWED_MS).unref()
  return async () => {
    clearInterval(timer)
    await rm(file, { force: true })
  }
}

/** Who reads them now, in words; files of readers that are gone are removed. */
export async function readersOfLogs(logs: string): Promise<readonly string[]> {
  const readers: string[] = []
  for (const name of await readdir(join(logs, FOLDER)).catch(() => [])) {
    const file = join(logs, FOLDER, name)
    const found = await stat(file).catch(() => undefined)
    if (found === undefined) continue
    if (Date.now() - found.mtimeMs > COUNTS_MS) await rm(file, { force: true })
    else readers.push(await readFile(file, 'utf8').catch(() => 'a reader'))
  }
  return readers
}

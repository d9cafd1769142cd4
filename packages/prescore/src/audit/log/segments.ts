/** The files of an answer log: each is written by one process, from its beginning to its end, and goes as a whole. */
import { randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const SUFFIX = '.ndjson'

export interface Bounds {
  readonly bytesMax: number
  readonly keepMs: number
}

/** Names sort by when they were begun. */
export function newSegment(folder: string, nowMs: number): string {
  return join(folder, `${String(nowMs).padStart(15, '0')}-${randomBytes(4).toString('hex')}${SUFFIX}`)
}

/** In the order in which they were begun; none where there is no folder. */
export async function segmentsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  return names
    .filter(name => name.endsWith(SUFFIX))
    .sort()
    .map(name => join(folder, name))
}

/** Removes those that were last written too long ago, then those that were written longest ago, until there is room. */
export async function keepWithin(folder: string, bounds: Bounds, nowMs: number): Promise<void> {
  for (const { path } of await beyond(folder, bounds, nowMs)) await rm(path, { force: true })
}

interface SegmentFile {
  readonly path: string
  readonly bytes: number
  readonly writtenMs: number
}

/** What {@link keepWithin} removes, the oldest first. */
export async function beyond(folder: string, { bytesMax, keepMs }: Bounds, nowMs: number): Promise<readonly SegmentFile[]> {
  const files = await Promise.all((await segmentsIn(folder)).map(sizeOf))
  const oldestFirst = files.filter(file => file !== undefined).sort((a, b) => a.writtenMs - b.writtenMs)
  let bytes = oldestFirst.reduce((sum, file) => sum + file.bytes, 0)
  const kept = oldestFirst.findIndex(file => {
    if (bytes <= bytesMax && nowMs - file.writtenMs <= keepMs) return true
    bytes -= file.bytes
    return false
  })
  return kept < 0 ? oldestFirst : oldestFirst.slice(0, kept)
}

/** Undefined: another process has removed it meanwhile. */
async function sizeOf(path: string): Promise<SegmentFile | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found === undefined ? undefined : { path, bytes: found.size, writtenMs: found.mtimeMs }
}

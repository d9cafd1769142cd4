/** Which files a source stands for, and proof that they are the same later on. */
import { createHash } from 'node:crypto'
import { createReadStream, globSync, statSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { PrescoreError } from '../base/index.ts'
import { formatOf, KNOWN_FORMATS, type SourceFile } from './formats/index.ts'

/** One file as it was when it was pinned. */
export interface FilePin extends SourceFile {
  readonly bytes: number
  readonly modifiedMs: number
  readonly sha256: string
}

/** Written beside data by other tools: `_SUCCESS`, `.crc`, `_temporary`. */
const HIDDEN = /(?:^|[/\\])[._][^/\\]*(?:[/\\]|$)/

/**
 * The files that the patterns name, each once, in the order of their paths. A folder stands for all files in it, at any depth.
 * @throws PrescoreError `source_unreadable`, `not_supported`
 */
export function findFiles(patterns: readonly string[], folder: string, where: string): string[] {
  const files = new Map(patterns.flatMap(pattern => found(pattern, folder, where)).map(file => [resolve(folder, file), file]))
  if (files.size === 0) throw new PrescoreError('source_unreadable', { where, found: 'no file' })
  const names = [...files.values()].sort()
  const formats = Map.groupBy(names, name => formatOf(name)?.name)
  const [unknown] = formats.get(undefined) ?? []
  if (unknown !== undefined) throw unknownFormat(unknown, where)
  if (formats.size > 1) {
    const examples = [...formats].map(([name, each]) => `${name} (${each[0]})`).join(' and ')
    const fix = 'Make one source of each format, or convert one of them.'
    throw new PrescoreError('not_supported', { where, found: examples, expected: 'one format for all files of a source', fix })
  }
  return names
}

function unknownFormat(file: string, where: string): PrescoreError {
  const fix = /\.(xlsx?|ods|numbers)$/i.test(file)
    ? 'Export the sheet as CSV (UTF-8).'
    : 'Name the data files with a pattern that leaves others out, such as data/**/*.csv; convert other formats to Parquet.'
  return new PrescoreError('not_supported', { where, found: file, expected: KNOWN_FORMATS, fix })
}

function found(pattern: string, folder: string, where: string): string[] {
  const files = globSync(pattern, { cwd: folder }).flatMap(path => (isFolder(resolve(folder, path)) ? within(path, folder) : [path]))
  if (files.length > 0) return files
  const place = isAbsolute(pattern) ? 'a file there' : `a file in ${folder}`
  throw new PrescoreError('source_unreadable', { where, found: `no file at ${pattern}`, expected: place, fix: adviceFor(pattern) })
}

/** What to do about a path that finds nothing. */
function adviceFor(pattern: string): string {
  if (/^\w+:\/\//.test(pattern)) return 'Only files of this machine are read: mount or copy them, and name the path.'
  if (pattern.startsWith('~')) return 'Write the whole path: `~` means something to a shell only.'
  if (pattern.includes('\\')) return 'Write `/` between folders, on Windows too.'
  return 'Check the path: it is relative to the folder of the project file.'
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function within(path: string, folder: string): string[] {
  const inside = globSync('**/*', { cwd: resolve(folder, path) }).filter(file => !HIDDEN.test(file))
  return inside.map(file => join(path, file)).filter(file => !isFolder(resolve(folder, file)))
}

/** @throws PrescoreError `source_unreadable` */
export async function pinFile(path: string, folder: string): Promise<FilePin> {
  try {
    const { size, mtimeMs } = statSync(resolve(folder, path))
    return { path, bytes: size, modifiedMs: mtimeMs, sha256: await sha256(resolve(folder, path)) }
  } catch (error) {
    throw new PrescoreError('source_unreadable', { where: path, found: (error as Error).message, cause: error })
  }
}

/**
 * Refuses a file that is not what was pinned. Size and time of change settle it without reading, as long as they are the same.
 * @param path absolute.
 * @throws PrescoreError `source_changed`
 */
export async function verifyFile(pin: FilePin, path: string, where: string): Promise<void> {
  const now = statSync(path, { throwIfNoEntry: false })
  if (now === undefined) {
    throw new PrescoreError('source_changed', { where, found: `no file at ${pin.path}`, expected: 'the file as it was pinned' })
  }
  const isAsBefore = pin.readAtUs !== undefined || now.mtimeMs === pin.modifiedMs
  if (now.size === pin.bytes && isAsBefore) return
  if (now.size === pin.bytes && (await sha256(path)) === pin.sha256) return
  const expected = `${pin.bytes} bytes, sha256 ${pin.sha256.slice(0, 12)}…`
  throw new PrescoreError('source_changed', { where, found: `${pin.path} with other content`, expected })
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

/** Large files are hashed in a thread of their own, while other things are made ready: to hash them takes as long as to read some columns. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type FilePin, findFiles } from './files.ts'
import type { HashedFile } from './hash-worker.ts'
import type { SourceAt } from './source-at.ts'

/** Smaller ones are hashed sooner than a thread starts. */
const BYTES_LEAST = 4 * 1024 * 1024

type Hashes = ReadonlyMap<string, PromiseWithResolvers<string | undefined>>

export class PinsAhead {
  readonly #before = new Map<string, Pick<FilePin, 'bytes' | 'modifiedMs'>>()
  readonly #hashes: Hashes
  readonly #thread: Worker | undefined

  /** Begins with the large files of these sources, as they lie there now. */
  constructor(sources: readonly SourceAt[]) {
    for (const path of sources.flatMap(filesOf)) {
      const found = statSync(path, { throwIfNoEntry: false })
      if (found !== undefined && found.size >= BYTES_LEAST) this.#before.set(path, { bytes: found.size, modifiedMs: found.mtimeMs })
    }
    const paths = [...this.#before.keys()]
    this.#hashes = new Map(paths.map(path => [path, Promise.withResolvers()]))
    if (paths.length > 0) this.#thread = hashing(paths, this.#hashes)
  }

  /** Whether any file is large. */
  get areLarge(): boolean {
    return this.#thread !== undefined
  }

  /** A file that is hashed ahead, as it was when that was begun. @param path absolute */
  begun(path: string): Pick<FilePin, 'bytes' | 'modifiedMs'> | undefined {
    return this.#before.get(path)
  }

  /** Undefined: it is for whoever asks to pin it, as it is not the file that it was, or was none of the large. @param path absolute */
  async of(path: string): Promise<Pick<FilePin, 'bytes' | 'modifiedMs' | 'sha256'> | undefined> {
    const before = this.#before.get(path)
    const sha256 = await this.#hashes.get(path)?.promise
    const now = statSync(path, { throwIfNoEntry: false })
    const isSame = now !== undefined && now.size === before?.bytes && now.mtimeMs === before.modifiedMs
    return before !== undefined && sha256 !== undefined && isSame ? { ...before, sha256 } : undefined
  }

  /** What is not hashed yet will not be. */
  async stop(): Promise<void> {
    await this.#thread?.terminate()
  }
}

/** None where they cannot be found: whoever pins the source says so. */
function filesOf({ definition, folder, name }: SourceAt): readonly string[] {
  if (definition.from !== undefined) return []
  try {
    return findFiles(definition.files, folder, `sources.${name}`).map(path => resolve(folder, path))
  } catch {
    return []
  }
}

function hashing(paths: readonly string[], hashes: Hashes): Worker {
  const thread = new Worker(new URL('./hash-worker.ts', import.meta.url), { workerData: paths })
  const end = () => hashes.forEach(({ resolve }) => resolve(undefined))
  thread.on('message', ({ path, sha256 }: HashedFile) => hashes.get(path)?.resolve(sha256))
  thread.on('error', end)
  thread.on('exit', end)
  return thread
}

/**
 * A project in a folder, run by the package as it is published. Its release is frozen before, by a process of its own: making one loads
 * what the runs that follow do not, as every night but the first.
 */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { publishedFile } from './published.ts'

type Package = typeof import('../packages/prescore/src/app.ts') &
  typeof import('../packages/prescore/src/batch/index.ts') &
  typeof import('../packages/prescore/src/release/index.ts')

/** Writes the project of a file of the sources to the folder, so that it imports the package as it is published. */
export function writeProject(file: string, folder: string): void {
  const text = readFileSync(file, 'utf8')
  writeFileSync(join(folder, 'prescore.config.ts'), text.replace('../../packages/prescore/src/project/index.ts', publishedFile('index.ts')))
}

/** What a script prints that is run in a process of its own, as `node SCRIPT FOLDER WHAT`. @param script of this folder */
export function runApart(script: string, folder: string, what: string): string {
  const env = { ...process.env, PRESCORE_BENCH_FOLDER: folder }
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, script), folder, what], {
    encoding: 'utf8',
    env,
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

export async function freeze(folder: string, prediction: string): Promise<void> {
  const app = await open(folder, join(folder, 'frozen'), 1)
  const { freezeRelease } = (await import(publishedFile('release/index.ts'))) as Package
  await freezeRelease(app.loaded, prediction, app.releases)
  await app.close()
}

/** With the release and nothing else. @param use is done when the app is closed, and its state removed */
export async function withFrozen<T>(folder: string, threads: number, use: (app: Package['App']['prototype']) => Promise<T>): Promise<T> {
  const state = mkdtempSync(join(folder, 'state-'))
  cpSync(join(folder, 'frozen'), state, { recursive: true })
  const app = await open(folder, state, threads)
  try {
    return await use(app)
  } finally {
    await app.close()
    rmSync(state, { recursive: true })
  }
}

/** How runs are started and published. */
export function batchOf(): Promise<Pick<Package, 'runBatch' | 'publishRun'>> {
  return import(publishedFile('batch/index.ts')) as Promise<Package>
}

async function open(folder: string, state: string, threads: number): Promise<Package['App']['prototype']> {
  const { App } = (await import(publishedFile('app.ts'))) as Package
  return App.open({ project: folder, state, threads })
}

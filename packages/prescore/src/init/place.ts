/** Writes the files of a new project: all of them or none, and never over another. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PrescoreError, unwritable } from '../base/index.ts'

export interface NewFile {
  /** Relative to the project's folder. */
  readonly path: string
  readonly content: string | Buffer
  /** One that is there already is left as it is. */
  readonly optional?: boolean
}

/** @returns the paths that were written. @throws PrescoreError `file_exists`, `file_unwritable` */
export async function writeProject(folder: string, files: readonly NewFile[]): Promise<string[]> {
  const taken = files.find(({ path, optional }) => optional !== true && existsSync(join(folder, path)))
  if (taken !== undefined) throw new PrescoreError('file_exists', { where: join(folder, taken.path) })
  const written: string[] = []
  try {
    for (const { path, content, optional } of files) {
      if (optional === true && existsSync(join(folder, path))) continue
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), content, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
        // A full disk leaves a part of it.
        if (error.code !== 'EEXIST') written.push(path)
        throw error
      })
      written.push(path)
    }
    return written
  } catch (error) {
    for (const path of written) await rm(join(folder, path), { force: true })
    throw unwritable(folder, error)
  }
}

/** Installs what the package in the folder depends on; named are those that a package that was there already does not list. */
export async function installStep(folder: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const listed = await dependenciesOf(join(folder, 'package.json'))
  const missing = Object.keys(dependencies).filter(name => !listed.has(name))
  return ['npm install --ignore-scripts', ...missing].join(' ')
}

async function dependenciesOf(file: string): Promise<ReadonlySet<string>> {
  try {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(await readFile(file, 'utf8')) as Record<string, object | undefined>
    return new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)])
  } catch {
    // npm says what is wrong with it.
    return new Set()
  }
}

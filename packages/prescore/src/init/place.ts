/**
 * Writes the files of a new project: all of them or none, and never over another. It is done without a pause, so that no signal comes
 * in between: at Ctrl-C the project is there, or it can be begun anew.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
export function writeProject(folder: string, files: readonly NewFile[]): string[] {
  const taken = files.find(({ path, optional }) => optional !== true && existsSync(join(folder, path)))
  if (taken !== undefined) throw new PrescoreError('file_exists', { where: join(folder, taken.path) })
  const written: string[] = []
  try {
    for (const { path, content, optional } of files) {
      if (optional === true && existsSync(join(folder, path))) continue
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeNew(join(folder, path), content)
      written.push(path)
    }
    return written
  } catch (error) {
    for (const path of written) rmSync(join(folder, path), { force: true })
    throw unwritable(folder, error)
  }
}

function writeNew(file: string, content: string | Buffer): void {
  try {
    writeFileSync(file, content, { flag: 'wx' })
  } catch (error) {
    // A full disk leaves a part of it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') rmSync(file, { force: true })
    throw error
  }
}

/** Installs what the package in the folder depends on; named are those that a package that was there already does not list. */
export function installStep(folder: string, dependencies: Readonly<Record<string, string>>): string {
  const listed = dependenciesOf(join(folder, 'package.json'))
  const missing = Object.keys(dependencies).filter(name => !listed.has(name))
  return ['npm install --ignore-scripts', ...missing].join(' ')
}

function dependenciesOf(file: string): ReadonlySet<string> {
  try {
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, object | undefined>
    return new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)])
  } catch {
    // npm says what is wrong with it.
    return new Set()
  }
}

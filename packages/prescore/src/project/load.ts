/** Finds and imports the project file. */
import { existsSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PrescoreError } from '../base/index.ts'
import type { Project } from './define.ts'
import type { ProjectDefinition } from './types.ts'
import { importModule } from './typescript.ts'

export const PROJECT_FILES = ['prescore.config.ts', 'prescore.config.mts', 'prescore.config.js', 'prescore.config.mjs']

export interface LoadedProject {
  readonly definition: ProjectDefinition
  /** The project file, absolute. */
  readonly file: string
  /** Its folder: paths in the project are relative to it. */
  readonly folder: string
  /** Of the event logs of its sources; absent: none is read. */
  readonly logs?: string
  /** Of what was read from databases; absent: none can be read. */
  readonly snapshots?: string
}

/**
 * @param path a project file, or a folder that holds one.
 * @throws PrescoreError `project_not_found`, `project_invalid`, and whatever the definitions throw
 */
export async function loadProject(path: string): Promise<LoadedProject> {
  const file = findProject(resolve(path))
  const project = (await importFile(file)).default as Partial<Project> | null | undefined
  if (project?.prescore !== 1 || project.definition === undefined) {
    const fix = 'End the file with `export default defineProject({ … })`.'
    throw new PrescoreError('project_invalid', {
      where: basename(file),
      found: 'no project as its default export',
      expected: 'a project',
      fix,
    })
  }
  return { definition: project.definition, file, folder: dirname(file) }
}

function findProject(path: string): string {
  if (/\.(m?[jt]s)$/.test(path)) {
    if (existsSync(path)) return path
    throw new PrescoreError('project_not_found', { where: path })
  }
  const found = PROJECT_FILES.map(name => resolve(path, name)).find(existsSync)
  if (found === undefined) throw new PrescoreError('project_not_found', { where: path, expected: PROJECT_FILES[0] as string })
  return found
}

async function importFile(file: string): Promise<{ readonly default?: unknown }> {
  try {
    return await importModule(pathToFileURL(file).href)
  } catch (error) {
    const where = placeOf(error, basename(file))
    if (error instanceof PrescoreError) {
      const place = [where, error.details.where].filter(part => part !== undefined).join(', ')
      throw new PrescoreError(error.code, { ...error.details, where: place, cause: error })
    }
    const found = error instanceof Error ? error.message : `a throw of ${String(error)}`
    const details = { where, found, expected: 'a file that can be imported', fix: importAdvice(found), cause: error }
    throw new PrescoreError('project_invalid', details)
  }
}

function importAdvice(message: string): string {
  const name = /Cannot find package '([^']+)'/.exec(message)?.[1]
  if (name !== undefined) return `Run \`npm install ${name}\` in the folder of the project.`
  if (/Cannot find module/.test(message)) return "Correct the path; imports name their files in full, as in './features.ts'."
  if (/not supported in strip-only mode/.test(message))
    return 'Write it without: types are stripped from the file, and nothing else is done to it.'
  if (/before initialization/.test(message))
    return 'Move the declaration above its use; where two files import each other, move what both need into a third.'
  if (/is not a function/.test(message))
    return 'Columns, features and inputs have the methods of docs/project.md (`gt`, `plus`, `orElse` …), and no others.'
  if (/does not provide an export/.test(message)) return 'Correct the name, or the file that it is imported from.'
  if (/of undefined|of null/.test(message))
    return 'Something that this line reads is not there. What differs by machine is named with `env(…)`, and read when it is needed.'
  if (/^Expected|Unexpected|Unterminated/i.test(message))
    return 'Look at this line and the one before: something is not closed, or misspelt.'
  return 'Mend what the message names.'
}

/** The file and line where it went wrong: what cannot be parsed opens with its place, what throws lists where it was running. */
function placeOf(error: unknown, file: string): string {
  const [first = '', ...calls] = (error instanceof Error ? error.stack : undefined)?.split('\n') ?? []
  const [, unparsed, at] = /^(?:file:\/\/)?(\/.+\.[mc]?[jt]s):(\d+)$/.exec(first) ?? []
  if (unparsed !== undefined) return `${basename(unparsed)}, line ${at}`
  const running = calls.find(call => call.includes(`/${file}:`))
  const line = /:(\d+):\d+\)?$/.exec(running ?? '')?.[1]
  return line === undefined ? file : `${file}, line ${line}`
}

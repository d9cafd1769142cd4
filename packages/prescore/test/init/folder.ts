/** A folder below the repository, so that projects in it find the package; it goes when the tests of the file are done. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { after } from 'node:test'

const ROOT = resolve(import.meta.dirname, '../../../..')

export function scratchFolder(): string {
  mkdirSync(join(ROOT, '.scratch'), { recursive: true })
  const folder = mkdtempSync(join(ROOT, '.scratch', 'init-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function write(folder: string, file: string, content: string | Uint8Array): string {
  mkdirSync(dirname(join(folder, file)), { recursive: true })
  writeFileSync(join(folder, file), content)
  return join(folder, file)
}

/** Folders that several make at once, on disks that say little. */
import assert from 'node:assert/strict'
import fs, { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeFolder } from '../../src/base/index.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-make-folder-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What Node says of a folder that it cannot make together with those above it; then somebody else is faster. */
function overtaken(t: TestContext, path: string, other: () => void): void {
  const { mkdir } = fs.promises
  t.mock.method(fs.promises, 'mkdir', async (made: string, options?: fs.MakeDirectoryOptions) => {
    if (made === path && options?.recursive === true) throw Object.assign(new Error('no such file or directory'), { code: 'ENOENT' })
    if (made === path) other()
    return mkdir(made, options)
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.reset()
    syncBuiltinESMExports()
  })
}

test('a folder that another process makes in between is there', async t => {
  const path = join(folderFor(t), 'above', 'folder')
  overtaken(t, path, () => fs.mkdirSync(path))
  await makeFolder(path)
  assert.ok(existsSync(path))
})

test('a file that comes in between is no folder', async t => {
  const path = join(folderFor(t), 'above', 'folder')
  overtaken(t, path, () => writeFileSync(path, ''))
  await assert.rejects(makeFolder(path), { code: 'EEXIST' })
})

test('many at once, with those above it', async t => {
  const path = join(folderFor(t), 'a/b/c/d')
  await Promise.all(Array.from({ length: 40 }, () => makeFolder(path)))
  assert.ok(existsSync(path))
})

/** A folder that cannot be written. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

/** The file system refuses to write whatever stands in the folder; root would not notice permissions. */
export function cannotWrite(t: TestContext, folder: string): void {
  const real = fs.accessSync
  t.mock.method(fs, 'accessSync', (path: string, mode: number) => {
    if (path.startsWith(folder) && (mode & fs.constants.W_OK) !== 0)
      throw Object.assign(new Error(`EROFS: read-only file system, access '${path}'`), { code: 'EROFS' })
    real(path, mode)
  })
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
}

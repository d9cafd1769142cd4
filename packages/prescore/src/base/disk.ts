/** What the file system refuses, by its errors: whether something was to be written, and what to do about it. */
import { existsSync } from 'node:fs'

/** By the names of system calls and by the words of LMDB and DuckDB. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/ENOSPC|No space left/i, 'The disk is full: make room, and repeat the command.'],
  [/EDQUOT|quota exceeded/i, "This user's share of the disk is full: make room, and repeat the command."],
  [/EFBIG|File too large/i, 'Files may not become as large here: raise the limit (`ulimit -f`), and repeat the command.'],
  [/EIO|Input\/output error/i, 'The disk may be full: make room; if it is not, look whether it is damaged. Then repeat the command.'],
  [/EROFS|Read-only file system/i, 'The disk is read-only: choose another folder, as with --state.'],
  [
    /EACCES|EPERM|Permission denied|not permitted/i,
    'This user may not write there: change the permissions, or choose another folder, as with --state.',
  ],
]

const ALWAYS_WRITES = /^(ENOSPC|EDQUOT|EFBIG|EROFS)$/
const WRITING = /^(mkdir|mkdtemp|write|ftruncate|truncate|rename|link|symlink|unlink|rmdir|rm|copyfile|chmod|utime)$/

/** The remedy for an error of the file system, or of what writes through it; undefined: nothing more exact is known. */
export function diskFix(cause: unknown): string | undefined {
  const message = cause instanceof Error ? cause.message : String(cause)
  return REMEDIES.find(([pattern]) => pattern.test(message))?.[1]
}

/** Whether the error says that something could not be written. What is not there was to be made. */
export function isWriteRefused(thrown: unknown): thrown is NodeJS.ErrnoException {
  const { code = '', syscall = '', path } = (thrown instanceof Error ? thrown : {}) as Partial<NodeJS.ErrnoException>
  if (ALWAYS_WRITES.test(code)) return true
  if (code !== 'EACCES' && code !== 'EPERM') return false
  return WRITING.test(syscall) || (syscall === 'open' && path !== undefined && !existsSync(path))
}

/** Whatever was thrown, as an error of ours. */
import { diskFix, isWriteRefused } from './disk.ts'
import { type ErrorDetails, PrescoreError } from './errors.ts'

/** `store_unreadable`, with what to do by what LMDB or the file system said; what is an error of ours already stays so. */
export function storeUnreadable(where: string, cause: unknown): PrescoreError {
  return cause instanceof PrescoreError ? cause : new PrescoreError('store_unreadable', { where, ...saidBy(cause) })
}

/** `read_only`, by what the file system said. Whoever sent the change from elsewhere is told of no path. */
export function readOnly(cause: Error & { readonly code?: string | undefined }): PrescoreError {
  return new PrescoreError('read_only', { ...saidBy(cause), found: cause.code ?? cause.message })
}

/** `file_unwritable`, as {@link storeUnreadable}. */
export function unwritable(where: string | undefined, cause: unknown): PrescoreError {
  return new PrescoreError('file_unwritable', { ...(where === undefined ? {} : { where }), ...saidBy(cause) })
}

function saidBy(cause: unknown): ErrorDetails {
  const [found = ''] = (cause instanceof Error ? cause.message : String(cause)).split('\n')
  const fix = diskFix(cause)
  return { found, ...(fix === undefined ? {} : { fix }), cause }
}

/** Whatever was thrown, as a PrescoreError: a write that was refused, or, if it is nothing that is known, a defect. */
export function asPrescoreError(thrown: unknown): PrescoreError {
  if (thrown instanceof PrescoreError) return thrown
  if (isWriteRefused(thrown)) return unwritable(thrown.path, thrown)
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new PrescoreError('internal', { found: message, cause: thrown })
}

/** Bytes of a file that is open, all of them: the system may give fewer at once. */
import { readSync } from 'node:fs'

/** @param from where they begin in the file. @throws Error where it ends before them, and what the file system throws */
export function readAll(handle: number, bytes: Uint8Array, from: number): void {
  for (let at = 0; at < bytes.length; ) {
    const read = readSync(handle, bytes, at, bytes.length - at, from + at)
    if (read === 0) throw new Error('an end too early')
    at += read
  }
}

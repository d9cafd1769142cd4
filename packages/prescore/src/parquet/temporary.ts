/** Files on their way: what is written beside the name that it will have, and goes with the process that does not finish it. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

const open = new Set<string>()

/** A name beside the file. Its file is removed when the process exits, as at Ctrl-C, unless {@link forget} comes before. */
export function temporaryFor(file: string): string {
  if (open.size === 0) process.once('exit', removeAll)
  const temporary = `${file}.${randomUUID()}.tmp`
  open.add(temporary)
  return temporary
}

/** It has its name. */
export function forget(temporary: string): void {
  open.delete(temporary)
  if (open.size === 0) process.off('exit', removeAll)
}

/** Takes away what a failure left: the file, and the one that DuckDB writes before it. */
export function removed(temporary: string): void {
  remove(temporary)
  forget(temporary)
}

function remove(temporary: string): void {
  for (const file of [temporary, join(dirname(temporary), `tmp_${basename(temporary)}`)])
    try {
      rmSync(file, { force: true })
    } catch {
      // Where it cannot be removed, it could not be made: the failure itself is told.
    }
}

function removeAll(): void {
  for (const temporary of open) remove(temporary)
}

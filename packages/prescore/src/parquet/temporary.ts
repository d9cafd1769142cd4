/** Files on their way: what is written beside the name that it will have, and goes with the process that does not finish it. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { finished, unfinished } from '../base/index.ts'

/** A name beside the file. Its file is removed when the process exits, as at Ctrl-C, unless {@link forget} comes before. */
export function temporaryFor(file: string): string {
  const temporary = `${file}.${randomUUID()}.tmp`
  for (const each of filesOf(temporary)) unfinished(each)
  return temporary
}

/** It has its name. */
export function forget(temporary: string): void {
  for (const each of filesOf(temporary)) finished(each)
}

/** Takes away what a failure left. */
export function removed(temporary: string): void {
  for (const each of filesOf(temporary))
    try {
      rmSync(each, { force: true })
    } catch {
      // Where it cannot be removed, it could not be made: the failure itself is told.
    }
  forget(temporary)
}

/** The file, and the one that DuckDB writes before it. */
function filesOf(temporary: string): readonly string[] {
  return [temporary, join(dirname(temporary), `tmp_${basename(temporary)}`)]
}

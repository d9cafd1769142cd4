/** What was done of a schedule, kept in a file of its own for each prediction, so that a restart knows, and so does whoever looks. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, PrescoreError, unwritable, writeWhole } from '../base/index.ts'
import type { DueOutcome, Tallies } from './tallies.ts'

export interface Handled {
  /** Up to this due time, everything was done, skipped or given up. */
  readonly handledUs: number
  /** The due time whose run was begun and has not ended. */
  readonly startedUs?: number
  /** Since the file was begun. */
  readonly tallies?: Tallies
  /** How the last run ended. */
  readonly last?: LastEnd
}

export interface LastEnd {
  readonly dueUs: number
  readonly outcome: DueOutcome
  readonly atUs: number
  readonly failure?: { readonly code: string; readonly message: string }
}

export class Ledger {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  /** Undefined: nothing was scheduled yet. @throws PrescoreError `store_unreadable` */
  read(prediction: string): Handled | undefined {
    const file = this.#file(prediction)
    try {
      const handled = JSON.parse(readFileSync(file, 'utf8')) as Handled
      if (!Number.isSafeInteger(handled.handledUs)) throw new Error(`handledUs is ${handled.handledUs}`)
      return handled
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw unreadable(file, error, 'Remove the file: the schedule then begins anew, from now.')
    }
  }

  /** Written beside, then renamed: it is whole, the one or the other. @throws PrescoreError `file_unwritable` */
  async write(prediction: string, handled: Handled): Promise<void> {
    const file = this.#file(prediction)
    try {
      await makeFolder(this.folder)
      await writeWhole(
        file,
        `${JSON.stringify(handled)}
`,
      )
    } catch (error) {
      throw unwritable(file, error)
    }
  }

  #file(prediction: string): string {
    return join(this.folder, `${prediction}.json`)
  }
}

function unreadable(where: string, cause: unknown, fix: string): PrescoreError {
  return new PrescoreError('store_unreadable', { where, found: (cause as Error).message, fix, cause })
}

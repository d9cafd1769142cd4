/** What was done of a schedule, kept in a file of its own for each prediction, so that a restart knows. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PrescoreError, writeWhole } from '../base/index.ts'

export interface Handled {
  /** Up to this due time, everything was done, skipped or given up. */
  readonly handledUs: number
  /** The due time whose run was begun and has not ended. */
  readonly startedUs?: number
}

export class Ledger {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Undefined: nothing was scheduled yet. @throws PrescoreError `store_unreadable` */
  async read(prediction: string): Promise<Handled | undefined> {
    const file = this.#file(prediction)
    try {
      const { handledUs, startedUs } = JSON.parse(await readFile(file, 'utf8')) as Handled
      if (!Number.isSafeInteger(handledUs)) throw new Error(`handledUs is ${handledUs}`)
      return { handledUs, ...(startedUs === undefined ? {} : { startedUs }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw unreadable(file, error, 'Remove the file: the schedule then begins anew, from now.')
    }
  }

  /** Written beside, then renamed: it is whole, the one or the other. @throws PrescoreError `file_unwritable` */
  async write(prediction: string, handled: Handled): Promise<void> {
    const file = this.#file(prediction)
    try {
      await mkdir(this.#folder, { recursive: true })
      await writeWhole(file, `${JSON.stringify(handled)}\n`)
    } catch (error) {
      throw new PrescoreError('file_unwritable', { where: file, found: (error as Error).message, cause: error })
    }
  }

  #file(prediction: string): string {
    return join(this.#folder, `${prediction}.json`)
  }
}

function unreadable(where: string, cause: unknown, fix: string): PrescoreError {
  return new PrescoreError('store_unreadable', { where, found: (cause as Error).message, fix, cause })
}

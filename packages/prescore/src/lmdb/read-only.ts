/**
 * Environments that can only be read, as on a disk that is mounted so. LMDB then keeps no lock file, so nobody who writes would know of
 * this reader, and could write over the pages that it reads. Nobody must: whether somebody did is looked at now and then.
 */
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { PrescoreError, readOnly } from '../base/index.ts'
import { lastTransaction } from './data-file.ts'

const LOOK_MS = 1_000

export class ReadOnly {
  readonly #folder: string
  readonly #cause: NodeJS.ErrnoException
  readonly #transaction: bigint
  #lookedMs = performance.now()
  #isWritten = false

  /** Undefined: it can be written, is not there, or cannot be read either. @throws PrescoreError `store_unreadable` for a damaged file */
  static of(folder: string): ReadOnly | undefined {
    const file = join(folder, 'data.mdb')
    try {
      accessSync(file, constants.R_OK)
    } catch {
      return undefined
    }
    try {
      accessSync(file, constants.W_OK)
      return undefined
    } catch (error) {
      return new ReadOnly(folder, error as NodeJS.ErrnoException)
    }
  }

  private constructor(folder: string, cause: NodeJS.ErrnoException) {
    this.#folder = folder
    this.#cause = cause
    this.#transaction = lastTransaction(folder)
  }

  /** Of whatever would write. */
  refusal(): PrescoreError {
    return readOnly(this.#cause)
  }

  /** Looks once a second. @throws PrescoreError `store_unreadable` from then on when somebody has written to it */
  check(): void {
    const nowMs = performance.now()
    if (!this.#isWritten && nowMs - this.#lookedMs < LOOK_MS) return
    this.#lookedMs = nowMs
    this.#isWritten ||= lastTransaction(this.#folder) !== this.#transaction
    if (!this.#isWritten) return
    throw new PrescoreError('store_unreadable', {
      where: this.#folder,
      found: 'a store that is written while it can only be read here',
      expected: 'a store that this process may write, or a copy that nobody writes',
      fix: 'Let this process write the folder too, or give it a copy of its own; then start it again.',
    })
  }
}

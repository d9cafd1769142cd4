import { PrescoreError } from '../../base/index.ts'
import type { ByteTable, LmdbEnvironment } from './lmdb-environment.ts'

/**
 * A run's sub-database as all of this process share it. LMDB numbers open sub-databases and uses a number again once it is
 * closed, so that a closed handle would read another run (or end the process): only the last holder closes, and nobody may
 * use it after a drop.
 */
export class AnswersTable {
  static readonly #shared = new WeakMap<LmdbEnvironment, Map<string, AnswersTable>>()

  readonly #table: ByteTable
  readonly #environment: LmdbEnvironment
  readonly #run: string
  #holders = 0
  #isDropped = false

  /** The sub-database of a run, complete or not, held until `release`; undefined when there is none. */
  static find(environment: LmdbEnvironment, run: string): AnswersTable | undefined {
    const table = AnswersTable.#held(environment, run) ?? environment.findBytes(nameOf(run))
    return table instanceof AnswersTable || table === undefined ? table : new AnswersTable(environment, run, table)
  }

  /** Like {@link find}, and made when it is not there. */
  static make(environment: LmdbEnvironment, run: string): AnswersTable {
    return AnswersTable.#held(environment, run) ?? new AnswersTable(environment, run, environment.makeBytes(nameOf(run)))
  }

  static #held(environment: LmdbEnvironment, run: string): AnswersTable | undefined {
    const answers = AnswersTable.#shared.get(environment)?.get(run)
    if (answers !== undefined) answers.#holders++
    return answers
  }

  private constructor(environment: LmdbEnvironment, run: string, table: ByteTable) {
    this.#environment = environment
    this.#run = run
    this.#table = table
    this.#holders = 1
    const tables = AnswersTable.#shared.get(environment) ?? new Map<string, AnswersTable>()
    AnswersTable.#shared.set(environment, tables.set(run, this))
  }

  /** @throws PrescoreError `run_not_found` after a drop */
  get table(): ByteTable {
    if (this.#isDropped) throw new PrescoreError('run_not_found', { where: this.#run, found: 'dropped' })
    return this.#table
  }

  release(): void {
    if (--this.#holders > 0 || this.#isDropped) return
    AnswersTable.#shared.get(this.#environment)?.delete(this.#run)
    if (this.#environment.isOpen) void this.#table.close()
  }

  /** After a drop, which closed the sub-database for all holders. */
  forget(): void {
    this.#isDropped = true
    AnswersTable.#shared.get(this.#environment)?.delete(this.#run)
  }
}

function nameOf(run: string): string {
  return `run:${run}`
}

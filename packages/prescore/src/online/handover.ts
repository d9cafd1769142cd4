/** A commit of what was frozen: put together in slices, and handed over as it grows. */
import { type Environment, markKey } from './environment.ts'
import type { GroupState } from './group-state.ts'
import { encodeMark, type Mark } from './mark.ts'
import { Puts } from './puts.ts'
import { Slices } from './slices.ts'
import type { Commit } from './store-thread.ts'
import { META } from './tables.ts'

export class Handover {
  readonly #groups: readonly GroupState[]
  readonly #marks: readonly Mark[]
  readonly #commit: Commit
  /** Once all is handed over. */
  #stored: Promise<void> | undefined

  /** @param marks of what was frozen, by group. @param isMuch it is put by another thread. */
  constructor(environment: Environment, groups: readonly GroupState[], marks: readonly Mark[], isMuch: boolean) {
    this.#groups = groups
    this.#marks = marks
    const names = groups.map(({ definition }) => definition.name)
    this.#commit = environment.begin(names, isMuch, () => void this.#goOn(Number.POSITIVE_INFINITY))
  }

  /** All of it or nothing. @throws PrescoreError `store_unreadable` */
  async stored(): Promise<void> {
    const slices = new Slices()
    try {
      while (!this.#goOn(slices.endsAtMs)) await slices.next()
    } catch (error) {
      await this.#commit.abort()
      throw error
    }
    await this.#stored
  }

  /** @returns whether all is handed over */
  #goOn(untilMs: number): boolean {
    if (this.#stored !== undefined) return true
    for (const { table } of this.#groups) {
      const isFolded = table.fold(untilMs)
      this.#commit.add(isFolded ? table.puts.take() : table.puts.takeFull())
      if (!isFolded) return false
    }
    this.#commit.add(this.#meta().take())
    this.#stored = this.#commit.end()
    // It may fail before anybody waits for it.
    this.#stored.catch(() => {})
    return true
  }

  #meta(): Puts {
    const meta = new Puts(META)
    this.#groups.forEach(({ definition, flaws }, i) => {
      flaws.putChanges(meta, this.#marks[i]!.retainedFromUs)
      meta.add(markKey(definition.name), encodeMark(this.#marks[i]!))
    })
    return meta
  }
}

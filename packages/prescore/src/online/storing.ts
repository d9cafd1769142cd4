/** When what was applied gets onto the disk: in the background, all groups in one commit, and one commit at a time. */
import { PrescoreError } from '../base/index.ts'
import type { Environment } from './environment.ts'
import type { GroupState } from './group-state.ts'
import { Handover } from './handover.ts'
import type { LiveStateOptions } from './types.ts'

/** Keys that wait to be stored: from so many on they are stored at once. The more there are, the more of them share a page of the disk. */
const CHANGED_KEYS = 262_144
/** From so many on, whoever applies more should wait for the disk: some 200 MB. */
const CHANGED_KEYS_MAX = 1.5 * CHANGED_KEYS

export type StoringOptions = Required<Pick<LiveStateOptions, 'storeWithinMs' | 'putsAtOnce'>>

export class Storing {
  readonly #environment: Environment
  readonly #groups: ReadonlyMap<string, GroupState>
  readonly #withinMs: number
  readonly #putsAtOnce: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  /** Why nothing can be stored any more. */
  #failure: PrescoreError | undefined
  #canRecover = false
  #isStopped = false
  /** Until whoever runs now has ended: before, no snapshot is taken that could be of another owner. */
  #isChecked = false

  constructor(environment: Environment, groups: ReadonlyMap<string, GroupState>, { storeWithinMs, putsAtOnce }: StoringOptions) {
    this.#environment = environment
    this.#groups = groups
    this.#withinMs = storeWithinMs
    this.#putsAtOnce = putsAtOnce
  }

  /** Something could not be stored, and nobody else has the folder: it must not be taken back from them. */
  get canRecover(): boolean {
    return this.#canRecover
  }

  /** Stores soon, or at once where much waits. @returns what to wait for where it is too much */
  plan(): Promise<void> | undefined {
    const changed = [...this.#groups.values()].reduce((sum, { table }) => sum + table.changed, 0)
    if (changed >= CHANGED_KEYS) void this.#store().catch(noted)
    else this.soon()
    return changed >= CHANGED_KEYS_MAX ? this.#running : undefined
  }

  soon(): void {
    this.#timer ??= setTimeout(() => void this.#store().catch(noted), this.#withinMs).unref()
  }

  /** Stores all that has changed by now. */
  async flush(): Promise<void> {
    await this.#running
    this.checkUsable()
    if (this.#hasChanges()) await this.#store()
  }

  /** Goes back to what is on disk, once something can be stored again. @throws PrescoreError `store_unreadable` */
  async recover(): Promise<void> {
    await this.#running?.catch(noted)
    if (!this.#canRecover) return
    await this.#environment.probe()
    for (const group of this.#groups.values()) group.revert()
    this.#canRecover = false
    this.#failure = undefined
  }

  /** Stores what can be stored, and then no more. */
  async stop(): Promise<void> {
    try {
      await this.#running?.catch(noted)
      if (this.#isUsable()) await this.flush()
    } finally {
      this.#isStopped = true
      clearTimeout(this.#timer)
    }
  }

  /**
   * Once something could not be stored, or another has the folder, memory and disk may differ: what lies on disk is whole.
   * @throws PrescoreError `store_unreadable`
   */
  checkUsable(): void {
    if (this.#isChecked) return
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isStopped) throw new PrescoreError('store_unreadable', { where: this.#environment.folder, found: 'closed live state' })
    try {
      this.#environment.checkOwner()
    } catch (error) {
      this.#failure = error as PrescoreError
      throw error
    }
    this.#isChecked = true
    queueMicrotask(this.#forgetCheck)
  }

  readonly #forgetCheck = (): void => {
    this.#isChecked = false
  }

  #isUsable(): boolean {
    try {
      this.checkUsable()
      return true
    } catch {
      return false
    }
  }

  /** What changes meanwhile waits for the next one. */
  #store(): Promise<void> {
    this.#running ??= this.#commit().finally(() => {
      this.#running = undefined
      if (this.#failure === undefined && this.#hasChanges()) this.soon()
    })
    return this.#running
  }

  async #commit(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const groups = [...this.#groups.values()]
    try {
      for (const group of groups) group.sweep()
      const marks = groups.map(({ mark }) => mark)
      for (const { table } of groups) table.freeze()
      const isMuch = groups.reduce((sum, { table }) => sum + table.due, 0) > this.#putsAtOnce
      await new Handover(this.#environment, groups, marks, isMuch).stored()
      groups.forEach((group, i) => {
        group.storedMark = marks[i]!
      })
    } catch (error) {
      this.#canRecover = this.#isUsable()
      this.#failure = error as PrescoreError
      throw error
    }
    for (const { table } of groups) table.settle()
  }

  #hasChanges(): boolean {
    return [...this.#groups.values()].some(({ mark, storedMark, table }) => table.hasChanges || mark !== storedMark)
  }
}

/** The failure of a commit in the background is told by the next call. */
function noted(): void {}

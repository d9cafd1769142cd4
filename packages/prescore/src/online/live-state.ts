/** The live state of all groups of a folder: which events go where, when they are stored, and who reads what. */
import { asPrescoreError, type Clock, PrescoreError, systemClock } from '../base/index.ts'
import type { Column, ValueType } from '../expressions/index.ts'
import type { Database } from '../parquet/index.ts'
import type { SourcePin } from '../sources/index.ts'
import { bootstrapGroups } from './bootstrap.ts'
import { Environment } from './environment.ts'
import { checkTimes, endOf, GroupState, latestKnown } from './group-state.ts'
import type { Prepared } from './intake.ts'
import { type Mark, NO_MARK } from './mark.ts'
import { Storing } from './storing.ts'
import type {
  BootstrapProgress,
  LiveGroup,
  LiveKey,
  LiveState,
  LiveStateOptions,
  LiveValue,
  PositionedChunk,
  ReadTogether,
} from './types.ts'

const HOUR_US = 3_600_000_000
const CACHE_BYTES = 64 * 1024 * 1024
const STORE_WITHIN_MS = 1_000
/** Some 10 ms of the thread that answers. */
const PUTS_AT_ONCE = 16_384
/**
 * Opens the live state of a folder. Groups that it has and that are not asked for any more are forgotten, unless they are to be kept; new ones need a bootstrap.
 * @throws PrescoreError `project_invalid`, `wrong_type`, `store_unreadable`, `store_format`
 */
export function openLiveState(folder: string, groups: readonly LiveGroup[], options: LiveStateOptions = {}): LiveState {
  const environment = Environment.open(folder)
  try {
    return new LmdbLiveState(environment, groups, options)
  } catch (error) {
    void environment.close()
    throw error
  }
}

class LmdbLiveState implements LiveState {
  readonly #environment: Environment
  readonly #groups: Map<string, GroupState>
  /** Those of each source that was asked for. */
  readonly #bySource = new Map<string, readonly GroupState[]>()
  readonly #busyBytes: number
  readonly #clock: Clock
  readonly #asOfBackUs: number
  readonly #storing: Storing
  /** Those that are under way, by source. */
  readonly #bootstraps = new Map<string, Promise<void>>()
  #isClosed = false

  constructor(environment: Environment, groups: readonly LiveGroup[], options: LiveStateOptions) {
    const marks = environment.marks()
    const others = [...marks.keys()].filter(name => !groups.some(group => group.name === name))
    if (options.keepOthers !== true) for (const name of others) environment.drop(name)
    this.#busyBytes = (options.cacheBytes ?? CACHE_BYTES) / Math.max(1, groups.length)
    this.#environment = environment
    this.#groups = new Map(groups.map(group => [group.name, this.#open(group, marks)]))
    this.#clock = options.clock ?? systemClock
    this.#asOfBackUs = options.asOfBackUs ?? HOUR_US
    const { storeWithinMs = STORE_WITHIN_MS, putsAtOnce = PUTS_AT_ONCE } = options
    this.#storing = new Storing(environment, this.#groups, { storeWithinMs, putsAtOnce })
  }

  #open(group: LiveGroup, marks: ReadonlyMap<string, Mark>): GroupState {
    return new GroupState(group, this.#environment, marks.get(group.name) ?? NO_MARK, this.#busyBytes)
  }

  groups(): readonly string[] {
    return [...this.#groups.keys()]
  }

  addGroups(groups: readonly LiveGroup[]): void {
    this.#storing.checkUsable()
    const marks = this.#environment.marks()
    for (const group of groups) if (!this.#groups.has(group.name)) this.#groups.set(group.name, this.#open(group, marks))
    this.#bySource.clear()
  }

  async closeGroups(names: readonly string[]): Promise<void> {
    await this.flush()
    for (const name of names) this.#groups.delete(name)
    this.#bySource.clear()
  }

  forget(names: readonly string[]): void {
    this.#storing.checkUsable()
    for (const name of names) if (!this.#groups.has(name)) this.#environment.drop(name)
  }

  needsBootstrap(source: string): boolean {
    return this.#of(source).some(({ mark }) => !mark.isReady)
  }

  async bootstrap(
    database: Database,
    source: string,
    pin: SourcePin,
    untilUs: number,
    onProgress?: (progress: BootstrapProgress) => void,
  ): Promise<void> {
    this.#storing.checkUsable()
    const groups = this.#of(source).filter(({ mark }) => !mark.isReady)
    if (groups.length === 0) return
    const isServing = [...this.#groups.values()].some(({ mark }) => mark.isReady)
    const { folder } = this.#environment
    const order = {
      untilUs,
      retainedFromUs: untilUs - this.#asOfBackUs,
      isServing,
      folder,
      ...(onProgress === undefined ? {} : { onProgress }),
    }
    const running =
      this.#bootstraps.get(source) ?? this.flush().then(() => bootstrapGroups(database, groups, pin, order, () => this.flush()))
    this.#bootstraps.set(source, running)
    await running.finally(() => this.#bootstraps.delete(source))
  }

  apply(
    source: string,
    chunk: PositionedChunk,
    position = endOf(chunk),
    from = Number.NEGATIVE_INFINITY,
    isLast = true,
  ): Promise<void> | undefined {
    this.#storing.checkUsable()
    checkTimes(chunk)
    const groups = this.#ready(source).filter(({ mark }) => mark.position < position && mark.position >= from)
    // All that can fail comes first, so that all groups take the events or none.
    const prepared = groups.map(group => group.prepare(chunk))
    const nowUs = this.#clock.nowUs()
    groups.forEach((group, i) => {
      const latestUs = isLast ? latestKnown(chunk, group.mark.position, nowUs) : Number.NEGATIVE_INFINITY
      const dataThroughUs = Math.max(group.mark.dataThroughUs, latestUs)
      const retainedFromUs = Math.max(group.mark.retainedFromUs, dataThroughUs - this.#asOfBackUs)
      group.add(prepared[i]!, chunk, { isReady: true, position, dataThroughUs, retainedFromUs })
    })
    return this.#storing.plan()
  }

  passOver(source: string, chunk: PositionedChunk, position: number, from: number): void {
    this.#storing.checkUsable()
    const behind = this.#ready(source).filter(({ mark }) => mark.position < position && mark.position >= from)
    for (const group of behind) {
      const mark = { ...group.mark, position }
      const prepared = tryPrepare(group, chunk)
      if (prepared !== undefined) group.add(prepared, chunk, mark)
      else {
        group.passOver(chunk)
        group.mark = mark
      }
    }
    this.#storing.soon()
  }

  position(source: string): number {
    let position: number | undefined
    for (const { mark } of this.#of(source)) if (mark.isReady) position = Math.min(position ?? mark.position, mark.position)
    return position ?? 0
  }

  storedPosition(source: string): number {
    return least(
      this.#of(source)
        .filter(({ storedMark }) => storedMark.isReady)
        .map(({ storedMark }) => storedMark.position),
    )
  }

  columns(source: string): readonly string[] {
    return [...new Set(this.#of(source).flatMap(({ columns }) => [...columns]))]
  }

  read(group: string, key: LiveKey, asOfUs: number): readonly LiveValue[] {
    return this.#named(group).read(key, asOfUs)
  }

  readTogether(groups: readonly string[], keys: readonly LiveKey[], asOfUs: number): ReadTogether {
    this.#storing.checkUsable()
    const values: (readonly LiveValue[])[] = []
    let isFlawed = false
    for (let i = 0; i < groups.length; i++) {
      const group = this.#opened(groups[i]!)
      values.push(group.read(keys[i], asOfUs))
      if (!isFlawed) isFlawed = group.isFlawed(keys[i], asOfUs)
    }
    return { values, isFlawed }
  }

  readColumns(group: string, keys: readonly LiveKey[], asOfUs: number): readonly Column[] {
    return this.#named(group).readColumns(keys, asOfUs)
  }

  hasEvents(group: string, key: LiveKey): boolean {
    return this.#named(group).hasEvents(key)
  }

  types(group: string): readonly ValueType[] {
    return this.#named(group).types
  }

  dataThroughUs(source: string): number | undefined {
    const throughUs = Math.min(...this.#ready(source).map(({ mark }) => mark.dataThroughUs))
    return Number.isFinite(throughUs) ? throughUs : undefined
  }

  groupThroughUs(group: string): number {
    return this.#opened(group).mark.dataThroughUs
  }

  retainedFromUs(source: string): number {
    return Math.max(Number.NEGATIVE_INFINITY, ...this.#ready(source).map(({ mark }) => mark.retainedFromUs))
  }

  heartbeat(source: string, us: number): void {
    this.#storing.checkUsable()
    const groups = this.#ready(source)
    const head = Math.max(...groups.map(({ mark }) => mark.position))
    for (const group of groups) {
      // A group that is still behind has not got all that was known.
      if (group.mark.position < head) continue
      const dataThroughUs = Math.max(group.mark.dataThroughUs, Math.min(us, this.#clock.nowUs()))
      group.mark = { ...group.mark, dataThroughUs, retainedFromUs: Math.max(group.mark.retainedFromUs, dataThroughUs - this.#asOfBackUs) }
    }
  }

  get canRecover(): boolean {
    return this.#storing.canRecover
  }

  get failure(): PrescoreError | undefined {
    try {
      this.#storing.checkUsable()
      return undefined
    } catch (error) {
      return asPrescoreError(error)
    }
  }

  recover(): Promise<void> {
    return this.#storing.recover()
  }

  flush(): Promise<void> {
    return this.#storing.flush()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.#storing.stop()
    } finally {
      await this.#environment.close()
    }
  }

  #of(source: string): readonly GroupState[] {
    const known = this.#bySource.get(source)
    if (known !== undefined) return known
    const own = [...this.#groups.values()].filter(({ definition: { feed, source: at } }) => (feed ?? at.name) === source)
    this.#bySource.set(source, own)
    return own
  }

  #ready(source: string): readonly GroupState[] {
    return this.#of(source).filter(({ mark }) => mark.isReady)
  }

  #named(name: string): GroupState {
    this.#storing.checkUsable()
    return this.#opened(name)
  }

  #opened(name: string): GroupState {
    const group = this.#groups.get(name)
    if (group === undefined) throw new PrescoreError('internal', { where: `live group ${name}`, found: 'a group that was not opened' })
    return group
  }
}

/** Undefined: the group's features cannot take it. */
function tryPrepare(group: GroupState, chunk: PositionedChunk): Prepared | undefined {
  try {
    return group.prepare(chunk)
  } catch (error) {
    if (error instanceof PrescoreError) return undefined
    throw error
  }
}

function least(positions: readonly number[]): number {
  return positions.length === 0 ? 0 : Math.min(...positions)
}

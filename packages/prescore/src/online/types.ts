/**
 * Live feature state: of each feature group that is read at request time, the events of every key that can still count, so that
 * the group's features of a key as of now, or of a little before, are those that the kernel computes, bit for bit, as served.
 *
 * - **data through**: up to which arrival moment everything has been applied.
 * - **retained from**: as-ofs before it are refused, and events that cannot count from there on are forgotten.
 */
import type { Clock, PrescoreError } from '../base/index.ts'
import type { Column, ValueType } from '../expressions/index.ts'
import type { Database } from '../parquet/index.ts'
import type { FeatureGroupDefinition, Key } from '../project/index.ts'
import type { ScannedChunk, SourceAt, SourcePin } from '../sources/index.ts'

/** Version of all that lies in the folder. State of any other is refused with `store_format`: it is made anew from its source. */
export const STATE_FORMAT = 4

/** A feature group under a name that tells all that its values depend on: see {@link liveGroup}. */
export interface LiveGroup {
  readonly name: string
  readonly source: SourceAt
  readonly group: FeatureGroupDefinition
  /** The name of the feed that keeps it up: that of its source, where there is only one. What the state calls a source is this. */
  readonly feed?: string
}

export interface LiveStateOptions {
  /** What "now" is: nothing can be known later. Absent: the machine's clock. */
  readonly clock?: Clock
  /** How far an as-of may lie before data through. Absent: 1 hour. */
  readonly asOfBackUs?: number
  /** How long an applied event may wait to be stored; until then a crash takes it back, with the position. Absent: 1,000. */
  readonly storeWithinMs?: number
  /** Records that are put by the thread that applies them; more are put by another one. Absent: 16,384. */
  readonly putsAtOnce?: number
  /** Keep what is stored of groups that are not asked for; absent: it is forgotten. */
  readonly keepOthers?: boolean
  /** Room for the blocks of busy keys in memory. Absent: 64 MiB. */
  readonly cacheBytes?: number
}

/** Events of a log in order of position; positions grow, and may have holes. */
export interface PositionedChunk extends ScannedChunk {
  readonly positions: Float64Array
}

export interface BootstrapProgress {
  /** Rows of the history that were read. */
  readonly rows: number
  /** Rows that there are to be read. */
  readonly total: number
}

/** A number (NaN: missing), or a text (undefined: missing). */
export type LiveValue = number | string | undefined

/** A key as a user writes it, or as bytes. Undefined: a key column is missing, so that there are no events. */
export type LiveKey = Key | Uint8Array | undefined

/**
 * One process at a time may have the state of a folder open. What is applied is read at once, and stored in the background,
 * together with its position: after a crash the state is exactly that of an earlier position, from where the log goes on.
 */
/** Features of several groups. */
export interface ReadTogether {
  /** By group, each in its order. */
  readonly values: readonly (readonly LiveValue[])[]
  /** Whether any lack an event that they could not take. */
  readonly isFlawed: boolean
}

export interface LiveState {
  /** The names of the groups that are open. */
  groups(): readonly string[]
  /** Takes groups beside those that are there; one that is there already stays as it is. What is stored of them goes on from there. */
  addGroups(groups: readonly LiveGroup[]): void
  /** Stores and lets go of groups that nobody reads any more; what is stored of them stays until the next start, or {@link forget}. */
  closeGroups(names: readonly string[]): Promise<void>
  /** Removes what is stored of groups that are not open. */
  forget(names: readonly string[]): void
  /** Whether a group of the source has no bootstrap yet. */
  needsBootstrap(source: string): boolean
  /**
   * Fills the groups of the source that have no bootstrap yet from the history before `untilUs`, in one scan; what was known
   * only later enters when it was known. The groups then stand at position 0 of the log. One that is cut short is repeated.
   * Other groups are not touched, and go on being read and applied to.
   * @throws PrescoreError what a scan throws, `lossy_cast`, `function_failed`, `store_unreadable`
   */
  bootstrap(
    database: Database,
    source: string,
    pin: SourcePin,
    untilUs: number,
    onProgress?: (progress: BootstrapProgress) => void,
  ): Promise<void>
  /**
   * Takes events that follow {@link position}; those that a group has had are passed over. All or none are taken. A promise is
   * returned when too much waits to be stored: the next call should await it.
   * @param chunk with all {@link columns} of the source.
   * @param position up to where the chunk holds all events of the log; absent: the position of its last one. Greater where
   * the log has holes, but not where another chunk follows with events in between.
   * @param from after which position it holds them all: groups that stand before it are left for another call. Absent: after that of every group.
   * @param isLast false: the log has more by now, and some of it may have been known before these events; data through stays.
   * @throws PrescoreError `lossy_cast`, `function_failed`, `missing_time`, `time_out_of_range`, `store_unreadable`
   */
  apply(source: string, chunk: PositionedChunk, position?: number, from?: number, isLast?: boolean): Promise<void> | undefined
  /**
   * Goes on past events that {@link apply} refused: groups that can take them do; in the others their keys are flawed.
   * @param position of the last one, or greater where the log has holes.
   * @param from as for {@link apply}.
   */
  passOver(source: string, chunk: PositionedChunk, position: number, from: number): void
  /** Up to which position of the log all groups of the source that have a bootstrap have taken its events. */
  position(source: string): number
  /** The same of what is on disk: where the log must go on after a crash. */
  storedPosition(source: string): number
  /** The columns of a source that its groups read. */
  columns(source: string): readonly string[]
  /**
   * The group's features of one key, in the group's order.
   * @throws PrescoreError `unknown_name`, `not_ready`, `invalid_key`, `as_of_out_of_range`, `missing_time`
   */
  read(group: string, key: LiveKey, asOfUs: number): readonly LiveValue[]
  /**
   * The features of several groups, each of a key of its own, from one snapshot and with one look at who has the folder.
   * @throws PrescoreError as {@link read} does
   */
  readTogether(groups: readonly string[], keys: readonly LiveKey[], asOfUs: number): ReadTogether
  /** The same of several keys, a column for each feature. */
  readColumns(group: string, keys: readonly LiveKey[], asOfUs: number): readonly Column[]
  /** Whether a group has an event of the key: of those that no window reaches, some are forgotten. @throws PrescoreError `invalid_key` */
  hasEvents(group: string, key: LiveKey): boolean
  /** Of the group's features, in the group's order. */
  types(group: string): readonly ValueType[]
  /** The greatest moment up to which everything known is in all groups of the source that have a bootstrap; undefined where nothing is known. */
  dataThroughUs(source: string): number | undefined
  /** The same of one group; −Infinity where nothing is known. */
  groupThroughUs(group: string): number
  /** As-ofs before it are refused by some group of the source; −Infinity where none is ready. */
  retainedFromUs(source: string): number
  /** Says that everything that was known until then has been applied. */
  heartbeat(source: string, us: number): void
  /** Something could not be stored, and {@link recover} may help. */
  readonly canRecover: boolean
  /** Why it cannot be read: something could not be stored, another process has opened it since, or it is closed. */
  readonly failure: PrescoreError | undefined
  /**
   * After something could not be stored: goes back to what is on disk, from where the log goes on, once something can be stored again.
   * @throws PrescoreError `store_unreadable`: nothing can yet
   */
  recover(): Promise<void>
  /** Waits until all that was applied is on disk. @throws PrescoreError `store_unreadable` */
  flush(): Promise<void>
  /** Stores what was applied and lets go of the folder. May be called twice. */
  close(): Promise<void>
}

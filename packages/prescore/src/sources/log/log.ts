/** A source's event log in a folder of its own. */
import { join } from 'node:path'
import { type Clock, PrescoreError, systemClock, TIME_US_MAX } from '../../base/index.ts'
import type { SourceDefinition } from '../../project/index.ts'
import { Admission } from './admission.ts'
import { Layouts } from './declaration.ts'
import { LogEnvironment } from './environment.ts'
import { GroupCommit } from './group-commit.ts'
import type { Head } from './head.ts'
import { idKey } from './ids.ts'
import { Layout, type LayoutColumn } from './layout.ts'
import { LogReader } from './reader.ts'
import { freeable, freeBlocks } from './retention.ts'
import { RowEncoder } from './row-encoder.ts'
import {
  type AppendResult,
  type DropOptions,
  EVENTS_PER_APPEND_MAX,
  type EventLog,
  type EventLogOptions,
  FUTURE_TOLERANCE_US,
  type LogChunk,
  type LogPin,
  type LogReadRequest,
  type LogStatus,
} from './types.ts'
import { LogWriter } from './writer.ts'

/** How long ids of dropped events are kept when nothing else is said: 7 days. */
const REMEMBER_IDS_US = 7 * 86_400_000_000

/**
 * Opens the log of an events source, and makes it when it is not there.
 *
 * @param folder of all logs of a project; this one lies in `<folder>/<name>`.
 * @param name of the source.
 * @throws PrescoreError `store_unreadable`, `store_format` (a later version wrote it), `log_mismatch` (its events do not fit the
 * declaration), `not_supported` (a source without event time)
 */
export function openEventLog(folder: string, name: string, definition: SourceDefinition, options: EventLogOptions = {}): EventLog {
  const where = `sources.${name}`
  if (definition.type !== 'events' || definition.time === undefined) {
    throw new PrescoreError('not_supported', { where, found: 'a table', expected: 'a source of events' })
  }
  return new LocalEventLog(join(folder, name), where, definition, options)
}

class LocalEventLog implements EventLog {
  readonly #where: string
  readonly #definition: SourceDefinition
  readonly #clock: Clock
  readonly #futureToleranceUs: number
  readonly #environment: LogEnvironment
  readonly #layouts: Layouts
  readonly #admission: Admission
  readonly #commits: GroupCommit
  readonly #id: LayoutColumn | undefined
  #closing: Promise<void> | undefined

  constructor(folder: string, where: string, definition: SourceDefinition, options: EventLogOptions) {
    this.#where = where
    this.#definition = definition
    this.#clock = options.clock ?? systemClock
    this.#futureToleranceUs = options.futureToleranceUs ?? FUTURE_TOLERANCE_US
    this.#environment = LogEnvironment.open(folder)
    try {
      this.#layouts = new Layouts(this.#environment, where, definition)
      this.#admission = new Admission(definition, this.#layouts.current, where)
    } catch (error) {
      void this.#environment.close()
      throw error
    }
    this.#commits = new GroupCommit(this.#environment, () => new LogWriter(this.#environment, this.#clock))
    this.#id = definition.id === undefined ? undefined : this.#layouts.current.column(definition.id)
  }

  async append(events: readonly unknown[]): Promise<AppendResult> {
    this.#checkOpen()
    if (events.length > EVENTS_PER_APPEND_MAX) {
      const [found, expected] = [`${events.length} events`, `at most ${EVENTS_PER_APPEND_MAX} at once`]
      throw new PrescoreError('body_too_large', { where: this.#where, found, expected, fix: 'Send the events in several parts.' })
    }
    const candidates = this.#admission.admit(events, this.#clock.nowUs() + this.#futureToleranceUs)
    return this.#commits.run(events.length, writer => {
      if (writer.head.position === 0) this.#layouts.confirm()
      return writer.append(candidates, this.#id)
    })
  }

  async heartbeat(): Promise<void> {
    this.#checkOpen()
    await this.#commits.run(0, writer => writer.heartbeat())
  }

  async noteAsOf(asOfUs: number): Promise<void> {
    this.#checkTime(asOfUs, 'noteAsOf')
    if (asOfUs > this.#head().notedAsOfUs) await this.#commits.run(0, writer => writer.noteAsOf(asOfUs))
  }

  position(): number {
    return this.#head().position
  }

  status(): LogStatus {
    const { position, clockUs, notedAsOfUs, retainedFromUs } = this.#head()
    return { position, clockUs, notedAsOfUs, retainedFromUs }
  }

  pin(): LogPin {
    const { position, retainedFromUs } = this.#head()
    return { log: this.#environment.log, position, retainedFromUs }
  }

  verify({ log, position, retainedFromUs }: LogPin): void {
    const head = this.#head()
    const where = this.#where
    if (log !== this.#environment.log)
      throw new PrescoreError('source_changed', { where, found: 'another event log', expected: 'the one that was pinned' })
    this.#checkReaches(position, head)
    if (head.retainedFromUs > retainedFromUs)
      throw new PrescoreError('source_changed', { where, found: 'events that were dropped since', expected: 'all that was pinned' })
  }

  *read(afterPosition: number, upToPosition: number, request: LogReadRequest = {}): Generator<LogChunk> {
    this.#checkReaches(upToPosition, this.#head())
    yield* new LogReader(this.#environment, this.#layouts, this.#definition, this.#where, request).read(afterPosition, upToPosition)
  }

  onCommit(listener: (position: number) => void): () => void {
    const own = (position: number) => listener(position)
    this.#environment.listeners.add(own)
    return () => this.#environment.listeners.delete(own)
  }

  hasIds(ids: readonly unknown[]): boolean[] {
    this.#checkOpen()
    this.#environment.refresh()
    return ids.map(id => this.#environment.hasId(this.#idKey(id)))
  }

  async dropBefore(momentUs: number, { rememberIdsUs = REMEMBER_IDS_US }: DropOptions = {}): Promise<number> {
    this.#checkTime(momentUs, 'dropBefore')
    if (!(rememberIdsUs >= 0))
      throw new PrescoreError('invalid_value', { where: 'rememberIdsUs', found: String(rememberIdsUs), expected: 'at least 0' })
    await this.#commits.run(0, writer => writer.retainFrom(momentUs))
    return freeBlocks(this.#environment, this.#layouts, this.#commits, this.#definition.id, this.#freeBeforeUs(momentUs, rememberIdsUs))
  }

  freedBefore(
    momentUs: number,
    { rememberIdsUs = REMEMBER_IDS_US }: DropOptions = {},
  ): { readonly events: number; readonly bytes: number } {
    return freeable(this.#environment, this.#freeBeforeUs(momentUs, rememberIdsUs))
  }

  #freeBeforeUs(momentUs: number, rememberIdsUs: number): number {
    return Math.max(momentUs, this.#head().retainedFromUs) - (this.#definition.id === undefined ? 0 : rememberIdsUs)
  }

  close(): Promise<void> {
    this.#closing ??= this.#commits.settled().then(() => this.#environment.close())
    return this.#closing
  }

  #head(): Head {
    this.#checkOpen()
    this.#environment.refresh()
    return this.#environment.readHead()
  }

  /** The key of an id that is given as in an event. */
  #idKey(id: unknown): Buffer {
    if (this.#id === undefined) throw new PrescoreError('missing_id', { where: this.#where, found: 'a source without `id`' })
    const { name, kind } = this.#id
    const layout = new Layout(0, [[name, kind]])
    const encoder = new RowEncoder(layout, { ...this.#definition, id: name }, 1)
    const refused = encoder.encode({ [name]: id })
    if (refused !== undefined) throw refused
    return idKey(layout, layout.columns[0] as LayoutColumn, encoder.bytes, 0)
  }

  #checkReaches(position: number, head: Head): void {
    if (position <= head.position) return
    throw new PrescoreError('source_changed', {
      where: this.#where,
      found: `a log of ${head.position} events`,
      expected: `at least ${position}`,
    })
  }

  #checkTime(us: number, where: string): void {
    this.#checkOpen()
    if (!(Math.abs(us) <= TIME_US_MAX)) throw new PrescoreError('invalid_value', { where, found: String(us), expected: 'a moment in µs' })
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new PrescoreError('store_unreadable', { where: this.#where, found: 'a closed log' })
  }
}

/** The live state of one feature group: its events by key, and where it stands. */
import { formatInstant, PrescoreError, TIME_US_MAX } from '../base/index.ts'
import { type Column, stringColumn, type ValueType } from '../expressions/index.ts'
import { type GroupPlan, planGroup, type Statistic } from '../features/index.ts'
import { decodeKey, encodeKey, rowScope } from '../project/index.ts'
import type { ScannedChunk } from '../sources/index.ts'
import type { Environment } from './environment.ts'
import { EventBlock } from './event-block.ts'
import { Flaws } from './flaws.ts'
import { GroupReader } from './group-reader.ts'
import { GroupTable } from './group-table.ts'
import type { Retention } from './growth.ts'
import { Intake, type IntakeGroup, type Prepared } from './intake.ts'
import { KeyEvents } from './key-events.ts'
import { type Layout, layoutOf } from './layout.ts'
import type { Mark } from './mark.ts'
import { RecordCodec } from './record.ts'
import { Sweep } from './sweep.ts'
import type { LiveGroup, LiveKey, LiveValue, PositionedChunk } from './types.ts'
import type { Found } from './wave.ts'

export class GroupState {
  readonly definition: LiveGroup
  /** Of the features. */
  readonly types: readonly ValueType[]
  /** The source's columns that are read. */
  readonly columns: ReadonlySet<string>
  readonly table: GroupTable
  readonly flaws: Flaws
  mark: Mark
  /** What is on disk. */
  storedMark: Mark
  readonly #plan: GroupPlan
  readonly #layout: Layout
  readonly #intakeGroup: IntakeGroup
  readonly #reader: GroupReader
  readonly #sweep: Sweep | undefined
  readonly #settledAfterUs: number | undefined

  /** @throws PrescoreError `project_invalid`, `wrong_type`, `zone_missing` */
  constructor(definition: LiveGroup, environment: Environment, mark: Mark, busyBytesMax: number) {
    const { source, group, name } = definition
    this.definition = definition
    this.mark = mark
    this.storedMark = mark
    this.#plan = planGroup(group, rowScope(source.definition), source.definition.zone, `sources.${source.name}`)
    this.#layout = layoutOf(this.#plan, source.definition)
    this.types = this.#plan.features.map(({ type }) => type)
    const where = `sources.${source.name}`
    this.#intakeGroup = { definition: group, plan: this.#plan, layout: this.#layout, id: source.definition.id, where }
    const ids = this.#layout.tie === 'none' ? [] : [source.definition.id as string]
    this.columns = new Set([...this.#plan.columnsUsed, ...Object.keys(group.entity).map(column => group.by[column] ?? column), ...ids])
    const codec = new RecordCodec(this.#layout)
    const block = new EventBlock(this.#layout.isText)
    this.table = new GroupTable(
      environment,
      environment.table(name),
      {
        name,
        layout: this.#layout,
        codec,
        block,
        entity: group.entity,
        retention: () => this.retention(),
        newIntake: () => this.intake(),
      },
      busyBytesMax,
    )
    this.flaws = new Flaws(environment, name)
    this.#reader = new GroupReader(this.#plan, this.#layout, codec)
    this.#settledAfterUs = settledAfterUs(this.#plan)
    const roundUs = this.#plan.longestUs ?? this.#settledAfterUs
    this.#sweep = roundUs === undefined ? undefined : new Sweep(this.table, codec, roundUs)
  }

  /** Of each field that is kept of an event, whether it holds codes of texts. */
  get isText(): readonly boolean[] {
    return this.#layout.isText
  }

  /** An empty intake for events of this group, about so many. */
  intake(rows?: number): Intake {
    return new Intake(this.#intakeGroup, rows)
  }

  /** Events before this moment count for no as-of that is answered. */
  eventsFromUs(mark: Mark = this.mark): number {
    return this.#plan.longestUs === undefined ? Number.NEGATIVE_INFINITY : mark.retainedFromUs - this.#plan.longestUs
  }

  /** Which events are kept one by one. */
  retention(): Retention {
    const { retainedFromUs } = this.mark
    const settledBeforeUs = this.#settledAfterUs === undefined ? Number.NEGATIVE_INFINITY : retainedFromUs - this.#settledAfterUs
    return { fromUs: this.eventsFromUs(), settledBeforeUs, knownByUs: retainedFromUs }
  }

  /** Events that are to be added, if no other group refuses theirs. @throws PrescoreError `lossy_cast`, `function_failed` */
  prepare(chunk: PositionedChunk): Prepared {
    return this.table.prepare(chunk)
  }

  /** Adds events after the group's position, and goes on to the mark. Cannot fail. */
  add(prepared: Prepared, { positions }: PositionedChunk, mark: Mark): void {
    const { position } = this.mark
    const fromUs = this.eventsFromUs()
    this.mark = mark
    this.table.add(prepared, row => positions[row]! > position && prepared.chunk.timeUs[row]! >= fromUs)
  }

  /** Notes that events cannot be taken: what is read of their keys lacks them. */
  passOver(chunk: ScannedChunk): void {
    const { longestUs = Number.POSITIVE_INFINITY } = this.#plan
    const latestUs = chunk.timeUs.subarray(0, chunk.rows).reduce((latest, us) => Math.max(latest, us), Number.NEGATIVE_INFINITY)
    for (const keyBytes of this.intake(1).keysOf(chunk)) this.flaws.add(keyBytes, latestUs + longestUs)
  }

  isFlawed(key: LiveKey, asOfUs: number): boolean {
    return key !== undefined && !this.flaws.isEmpty && this.flaws.isFlawed(this.#bytesOf(key), asOfUs)
  }

  /** Goes back to what is on disk. */
  revert(): void {
    this.table.revert()
    this.mark = this.storedMark
  }

  /** Looks for what may be forgotten, to be stored with what else has changed. */
  sweep(): void {
    if (this.mark.isReady) this.#sweep?.goOn(this.retention())
  }

  /** @throws PrescoreError `not_ready`, `invalid_key`, `missing_time`, `time_out_of_range`, `as_of_out_of_range` */
  read(key: LiveKey, asOfUs: number): LiveValue[] {
    this.#checkAsOf(asOfUs)
    if (key === undefined) return this.#reader.readBlock(undefined, asOfUs)
    const found = this.#find(key)
    return found instanceof KeyEvents ? this.#reader.read(found, asOfUs) : this.#reader.readBlock(found, asOfUs)
  }

  hasEvents(key: LiveKey): boolean {
    return key !== undefined && this.#find(key) !== undefined
  }

  readColumns(keys: readonly LiveKey[], asOfUs: number): Column[] {
    const rows = keys.map(key => this.read(key, asOfUs))
    return this.types.map((type, feature): Column => {
      if (type.kind === 'string') return { ...stringColumn(rows.map(values => values[feature] as string | undefined)), type }
      return { type, values: Float64Array.from(rows, values => values[feature] as number) }
    })
  }

  #find(key: Exclude<LiveKey, undefined>): Found | undefined {
    const bytes = this.#bytesOf(key)
    return this.table.find(bytes, key instanceof Uint8Array ? decodeKey(this.definition.group.entity, bytes) : key)
  }

  #bytesOf(key: Exclude<LiveKey, undefined>): Buffer {
    if (!(key instanceof Uint8Array)) return encodeKey(this.definition.group.entity, key)
    return Buffer.isBuffer(key) ? key : Buffer.from(key.buffer, key.byteOffset, key.length)
  }

  #checkAsOf(asOfUs: number): void {
    const { isReady, retainedFromUs } = this.mark
    if (!isReady)
      throw new PrescoreError('not_ready', { where: this.#where(), found: 'live features that are not filled from history yet' })
    checkTime(asOfUs, 'as-of')
    if (asOfUs >= retainedFromUs) return
    throw new PrescoreError('as_of_out_of_range', {
      where: this.#where(),
      found: formatInstant(asOfUs),
      expected: `${formatInstant(retainedFromUs)} or later`,
    })
  }

  #where(): string {
    return `live features of sources.${this.definition.source.name}`
  }
}

/** What remembers every value that is in a window. */
const REMEMBERS_ALL: readonly Statistic[] = ['distinct', 'mode']

/**
 * How long before the first as-of that is answered an event must lie, so that only windows that reach back to the first event
 * have it. Undefined: there are no such windows, or some needs more than a state of constant size.
 */
function settledAfterUs({ lanes, longestUs }: GroupPlan): number | undefined {
  if (longestUs !== undefined) return undefined
  const cells = lanes.flatMap(({ cells, delayUs }) => cells.map(({ statistic, window }) => ({ statistic, delayUs, ...window })))
  const reachesAll = (lengthUs: number | undefined) => lengthUs === Number.POSITIVE_INFINITY
  if (cells.some(({ statistic, lengthUs }) => REMEMBERS_ALL.includes(statistic) && reachesAll(lengthUs))) return undefined
  return Math.max(0, ...cells.map(cell => cell.delayUs + (reachesAll(cell.lengthUs) ? 0 : cell.longestUs)))
}

/** Up to which position a chunk holds events. */
export function endOf({ positions, rows }: PositionedChunk): number {
  return positions[rows - 1] ?? 0
}

/** The latest moment, not beyond now, at which an event after a position was known. */
export function latestKnown({ rows, positions, knownAtUs }: PositionedChunk, position: number, nowUs: number): number {
  let latestUs = Number.NEGATIVE_INFINITY
  for (let row = 0; row < rows; row++) {
    if (positions[row]! > position && knownAtUs[row]! <= nowUs && knownAtUs[row]! > latestUs) latestUs = knownAtUs[row]!
  }
  return latestUs
}

/** @throws PrescoreError `missing_time`, `time_out_of_range`: a time that is no integer would be compared wrongly, in silence */
export function checkTimes({ rows, timeUs, knownAtUs }: ScannedChunk): void {
  for (let row = 0; row < rows; row++) {
    checkTime(timeUs[row]!, 'event time')
    if (knownAtUs[row] !== Number.POSITIVE_INFINITY) checkTime(knownAtUs[row]!, 'known at')
  }
}

function checkTime(us: number, where: string): void {
  if (Number.isSafeInteger(us) && Math.abs(us) <= TIME_US_MAX) return
  throw new PrescoreError(us === us ? 'time_out_of_range' : 'missing_time', { where, found: String(us), expected: 'integer microseconds' })
}

/** The events that any of several requests wants, as growing columns. */
import type { Column, ValueType } from '../expressions/index.ts'
import type { ClockName, EventColumns, Room } from '../features/index.ts'
import { type FeatureGroupDefinition, rowScope, type SourceDefinition } from '../project/index.ts'
import type { ScannedChunk } from '../sources/index.ts'
import { NO_KEY } from './coders.ts'
import type { Collector } from './collector.ts'
import { type ColumnBuffer, columnBuffer, Doubles, Integers, type Take } from './column-buffer.ts'
import { ranks } from './ranks.ts'

/** The column that decides which of two events of the same time is the first or the last; undefined: none does, or it does not matter. */
export function tieOf({ id }: SourceDefinition, { features }: FeatureGroupDefinition): string | undefined {
  return Object.values(features).some(({ aggregate }) => aggregate === 'first' || aggregate === 'last') ? id : undefined
}

interface Wanted {
  /** The latest as-of. */
  readonly untilUs: number
  readonly clock: ClockName
  /** Columns beside those that the kernel reads. */
  readonly columns: readonly string[]
  readonly withPositions: boolean
}

export class EventBuffer {
  readonly #collectors: readonly Collector[]
  readonly #wanted: Wanted
  readonly #room: Room | undefined
  readonly #timeUs: Doubles
  /** Undefined while all were known at their event times. */
  #knownAtUs: Doubles | undefined
  readonly #positions = new Doubles()
  readonly #keyOf: readonly Integers[]
  readonly #columns: ReadonlyMap<string, ColumnBuffer>
  /** The id, where it decides which of two events of the same time is the first or the last. */
  readonly #tie: string | undefined

  /** @param room where they are held, until another buffer has it; absent: in arrays of their own */
  constructor(source: SourceDefinition, collectors: readonly Collector[], wanted: Wanted, room?: Room) {
    this.#collectors = collectors
    this.#wanted = wanted
    this.#room = room
    this.#timeUs = new Doubles(undefined, this.#doubles('time'))
    this.#keyOf = collectors.map((_, i) => new Integers(undefined, this.#integers(`key ${i}`)))
    this.#tie = collectors.map(({ request }) => tieOf(source, request.group)).find(tie => tie !== undefined)
    const names = new Set(collectors.flatMap(({ compiled }) => [...compiled.columnsUsed]))
    if (this.#tie !== undefined) names.add(this.#tie)
    for (const name of wanted.columns) names.add(name)
    const scope = rowScope(source)
    const buffer = (name: string) =>
      columnBuffer(scope.get(`row.${name}`) as ValueType, undefined, this.#doubles(`row.${name}`), this.#integers(`row.${name}`))
    this.#columns = new Map([...names].map(name => [name, buffer(name)]))
  }

  #doubles(name: string): Take<Float64Array> | undefined {
    const room = this.#room
    return room === undefined ? undefined : length => room.doubles(`event ${name}`, length)
  }

  #integers(name: string): Take<Int32Array> | undefined {
    const room = this.#room
    return room === undefined ? undefined : length => room.integers(`event ${name}`, length)
  }

  /** What the kernel reads, and the columns of the keys. */
  columnsToScan(): Set<string> {
    return new Set([...this.#columns.keys(), ...this.#collectors.flatMap(collector => collector.keyColumns())])
  }

  /** So many events may come: room is made for them at once, instead of again and again. */
  reserve(events: number): void {
    for (const column of [this.#timeUs, this.#knownAtUs, ...this.#keyOf, ...this.#columns.values()]) column?.reserve(events)
    if (this.#wanted.withPositions) this.#positions.reserve(events)
  }

  append(chunk: ScannedChunk): void {
    const keys = this.#collectors.map(collector => collector.find(chunk))
    const kept = this.#wantedRows(keys, chunk)
    if (this.#knownAtUs === undefined && chunk.knownAtUs !== chunk.timeUs) this.#knownAtUs = this.#timeUs.copy(this.#doubles('known at'))
    this.#timeUs.append(chunk.timeUs, kept)
    this.#knownAtUs?.append(chunk.knownAtUs, kept)
    if (this.#wanted.withPositions) this.#positions.append(chunk.positions ?? new Float64Array(chunk.rows), kept)
    keys.forEach((numbers, i) => this.#keyOf[i]?.append(numbers, kept))
    for (const [name, buffer] of this.#columns) buffer.append(chunk.columns.get(`row.${name}`) as Column, kept)
  }

  /** The key number of each event, for one of the requests. */
  keysOf(request: number): Int32Array {
    return (this.#keyOf[request] as Integers).values()
  }

  /** Of each event in its log, where they are wanted; 0: of files. */
  positions(): Float64Array {
    return this.#positions.values()
  }

  columns(): EventColumns {
    const timeUs = this.#timeUs.values()
    const columns = new Map([...this.#columns].map(([name, buffer]) => [`row.${name}`, buffer.column()] as const))
    const events = { rows: timeUs.length, timeUs, knownAtUs: this.#knownAtUs?.values() ?? timeUs, columns }
    return this.#tie === undefined ? events : { ...events, tie: ranks(columns.get(`row.${this.#tie}`) as Column, events.rows) }
  }

  /** Rows with a key that any request wants. As served, what no as-of knows is never seen. */
  #wantedRows(keys: readonly Int32Array[], { rows, knownAtUs }: ScannedChunk): Int32Array {
    const latestUs = this.#wanted.clock === 'as-served' ? this.#wanted.untilUs : Number.POSITIVE_INFINITY
    const kept = new Int32Array(rows)
    let count = 0
    for (let i = 0; i < rows; i++) {
      if ((knownAtUs[i] as number) > latestUs) continue
      for (const numbers of keys) {
        if (numbers[i] === NO_KEY) continue
        kept[count++] = i
        break
      }
    }
    return kept.subarray(0, count)
  }
}

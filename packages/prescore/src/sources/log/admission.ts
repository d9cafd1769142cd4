/** The events of one call, validated and encoded, before anybody else's writes are looked at. */
import { formatInstant, PrescoreError, TIME_US_MAX } from '../../base/index.ts'
import { type Chunk, takeRows } from '../../expressions/index.ts'
import type { ColumnKind, SourceDefinition } from '../../project/index.ts'
import type { Layout } from './layout.ts'
import { RowDecoder } from './row-decoder.ts'
import { RowEncoder } from './row-encoder.ts'
import { neededColumns, rowShaper, type ShapedRows } from './shape.ts'
import type { RejectedEvent } from './types.ts'

/** Encoded events, good but for what the log itself may say: ids it holds, times it has dropped. */
export interface Candidates {
  readonly layout: Layout
  readonly bytes: Buffer
  /** Where each row begins, and where the last one ends. */
  readonly starts: Uint32Array
  /** Rows of `bytes` that are left, in order of arrival, and the events they were. */
  readonly rows: readonly number[]
  readonly indexes: readonly number[]
  /** By row. */
  readonly timeUs: Float64Array
  readonly arrivalUs: Float64Array | undefined
  readonly rejected: readonly RejectedEvent[]
}

interface Shaped extends Pick<ShapedRows, 'timeUs' | 'arrivalUs'> {
  /** Rows for which an expression failed. */
  readonly refused: ReadonlyMap<number, PrescoreError>
}

export class Admission {
  readonly #definition: SourceDefinition
  readonly #layout: Layout
  readonly #declared: readonly string[]
  readonly #shape: ReturnType<typeof rowShaper>

  /** All derived columns are computed for each event: one that cannot be computed is refused here, not in tonight's batch. */
  constructor(definition: SourceDefinition, layout: Layout, where: string) {
    const { declared, derived } = neededColumns(definition, Object.keys(definition.derive))
    this.#definition = definition
    this.#layout = layout
    this.#declared = [...declared]
    this.#shape = rowShaper(definition, derived, where)
  }

  /** @param latestUs no event time may lie after it */
  admit(events: readonly unknown[], latestUs: number): Candidates {
    const rejected: RejectedEvent[] = []
    const { bytes, indexes } = this.#encode(events, rejected)
    const starts = this.#layout.rowStarts(bytes, 0, indexes.length)
    const { timeUs, arrivalUs, refused } = this.#shapeAll(bytes, starts, indexes.length)
    const rows: number[] = []
    for (let row = 0; row < indexes.length; row++) {
      const problem = refused.get(row) ?? this.#checkTimes(timeUs[row] as number, arrivalUs?.[row], latestUs)
      if (problem === undefined) rows.push(row)
      else rejected.push(rejection(indexes[row] as number, problem))
    }
    return { layout: this.#layout, bytes, starts, rows, indexes, timeUs, arrivalUs, rejected }
  }

  /** The rows of the events that can be taken, and which events these are. */
  #encode(events: readonly unknown[], rejected: RejectedEvent[]): { readonly bytes: Buffer; readonly indexes: number[] } {
    const encoder = new RowEncoder(this.#layout, this.#definition, events.length)
    const indexes: number[] = []
    events.forEach((event, index) => {
      const refused = encoder.encode(event)
      if (refused === undefined) indexes.push(index)
      else rejected.push(rejection(index, refused))
    })
    return { bytes: encoder.bytes, indexes }
  }

  #checkTimes(timeUs: number, arrivalUs: number | undefined, latestUs: number): PrescoreError | undefined {
    const where = `\`${this.#definition.time}\``
    if (Number.isNaN(timeUs)) return new PrescoreError('missing_time', { where: 'the event', found: `no ${where}` })
    if (Math.abs(timeUs) > TIME_US_MAX) return new PrescoreError('time_out_of_range', { where })
    if (timeUs > latestUs) {
      return new PrescoreError('event_in_future', { where, found: formatInstant(timeUs), expected: `at most ${formatInstant(latestUs)}` })
    }
    const isOut = arrivalUs !== undefined && Math.abs(arrivalUs) > TIME_US_MAX
    return isOut ? new PrescoreError('time_out_of_range', { where: 'the declared arrival' }) : undefined
  }

  /** Shapes all rows at once; when that fails, one by one, to find those that fail. */
  #shapeAll(bytes: Buffer, starts: Uint32Array, rows: number): Shaped {
    const columns = this.#decoder().decode([{ layout: this.#layout, bytes, starts, rows }])
    try {
      const { timeUs, arrivalUs } = this.#shape({ rows, columns })
      return { timeUs, arrivalUs, refused: new Map() }
    } catch (error) {
      if (error instanceof PrescoreError) return this.#shapeEach({ rows, columns })
      throw error
    }
  }

  #shapeEach({ rows, columns }: Chunk): Shaped {
    const timeUs = new Float64Array(rows)
    const arrivalUs = this.#definition.arrival === undefined ? undefined : new Float64Array(rows)
    const refused = new Map<number, PrescoreError>()
    for (let row = 0; row < rows; row++) {
      const alone = new Map([...columns].map(([name, column]) => [name, takeRows(column, [row])] as const))
      try {
        const shaped = this.#shape({ rows: 1, columns: alone })
        timeUs.set(shaped.timeUs, row)
        if (shaped.arrivalUs !== undefined) arrivalUs?.set(shaped.arrivalUs, row)
      } catch (error) {
        if (!(error instanceof PrescoreError)) throw error
        refused.set(row, error)
      }
    }
    return { timeUs, arrivalUs, refused }
  }

  #decoder(): RowDecoder {
    return new RowDecoder(this.#declared.map(name => [name, this.#definition.columns[name] as ColumnKind]))
  }
}

export function rejection(index: number, { code, message }: PrescoreError): RejectedEvent {
  return { index, code, message }
}

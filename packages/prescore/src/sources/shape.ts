/** From what DuckDB gave to rows of the source: UTC times, derived columns, event time and known-at. */
import { PrescoreError, TIME_US_MAX } from '../base/index.ts'
import {
  type Chunk,
  type Column,
  type CompiledExpression,
  compile,
  type ExpressionNode,
  type NumberColumn,
  type ZoneRules,
  zoneRules,
} from '../expressions/index.ts'
import { rowScope, type SourceDefinition } from '../project/index.ts'
import { isLocalTime } from './columns.ts'
import type { DataTypes } from './formats/index.ts'
import type { ScannedChunk } from './rows.ts'

/** The valid-from of rows that have none. */
const SINCE_EVER_US = -TIME_US_MAX

/**
 * @param derived the derived columns to be computed.
 * @param where names the source in messages.
 */
export function shaper(
  definition: SourceDefinition,
  types: DataTypes,
  derived: Iterable<string>,
  where: string,
): (chunk: Chunk) => ScannedChunk {
  const scope = rowScope(definition)
  const zone = definition.zone === undefined ? undefined : zoneRules(definition.zone)
  const compiled = [...derived].map((name): [string, CompiledExpression] => {
    return [`row.${name}`, compile(definition.derive[name] as ExpressionNode, scope, `${where}.derive.${name}`)]
  })
  const arrival = definition.arrival === undefined ? undefined : compile(definition.arrival, scope, `${where}.arrival`)
  return ({ rows, columns: read }) => {
    const columns = new Map<string, Column>()
    const row: Chunk = { rows, columns }
    for (const [name, column] of read) {
      const isTime = definition.columns[name] === 'timestamp'
      columns.set(
        `row.${name}`,
        isTime ? instants(column as NumberColumn, isLocalTime(types, name) ? zone : undefined, `${where}.${name}`) : column,
      )
    }
    for (const [name, evaluate] of compiled) columns.set(name, evaluate(row))
    const timeUs = eventTimes(definition, row, where)
    return {
      rows,
      columns,
      timeUs,
      knownAtUs: arrival === undefined ? timeUs : arrivals(arrival(row) as NumberColumn, rows, `${where}.arrival`),
    }
  }
}

/** Local times become instants. A double holds each of them exactly, or it is refused. */
function instants({ values, exact }: NumberColumn, zone: ZoneRules | undefined, where: string): NumberColumn {
  const timesUs = zone === undefined ? values : new Float64Array(values.length)
  for (let i = 0; i < timesUs.length; i++) {
    const us = values[i] as number
    if (zone !== undefined) timesUs[i] = zone.toUtcUs(us)
    if (Math.abs(us) > TIME_US_MAX || Math.abs(timesUs[i] as number) > TIME_US_MAX) throw outOfRange(exact?.[i] ?? us, where)
  }
  return { type: { kind: 'timestamp' }, values: timesUs }
}

function outOfRange(us: number | bigint, where: string): PrescoreError {
  return new PrescoreError('time_out_of_range', {
    where,
    found: momentText(us),
    expected: 'a time between the years 1685 and 2255',
  })
}

/** As a date where the calendar reaches so far. */
function momentText(us: number | bigint): string {
  const date = new Date(Number(us) / 1000)
  return Number.isNaN(date.getTime()) ? `${us} µs since 1970` : date.toISOString()
}

function eventTimes({ time }: SourceDefinition, { rows, columns }: Chunk, where: string): Float64Array {
  if (time === undefined) return new Float64Array(rows).fill(SINCE_EVER_US)
  const { values } = columns.get(`row.${time}`) as NumberColumn
  let isMissing = false
  for (let row = 0; row < rows; row++) if (Number.isNaN(values[row])) isMissing = true
  if (isMissing) throw new PrescoreError('missing_time', { where, found: `a row without \`${time}\`` })
  return values
}

/** What is missing, or lies beyond all times, is not known at any as-of. */
function arrivals({ values }: NumberColumn, rows: number, where: string): Float64Array {
  let areAllKnown = true
  for (let i = 0; i < rows; i++) {
    const us = values[i] as number
    if (us < -TIME_US_MAX) throw outOfRange(us, where)
    if (!(us <= TIME_US_MAX)) areAllKnown = false
  }
  const knownAtUs = values.subarray(0, rows)
  return areAllKnown ? knownAtUs : knownAtUs.map(us => (us <= TIME_US_MAX ? us : Number.POSITIVE_INFINITY))
}

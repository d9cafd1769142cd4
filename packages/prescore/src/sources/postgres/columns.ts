/** Columns of PostgreSQL: what their types are called where files are read, what is asked for, and values from the texts that come back. */
import { TIME_US_MAX } from '../../base/index.ts'
import { type Column, stringColumn } from '../../expressions/index.ts'
import { identifier } from '../../parquet/index.ts'
import type { ColumnKind } from '../../project/index.ts'
import { type DataTypes, INSTANT, LOCAL_TIME } from '../formats/index.ts'

const TYPES: Readonly<Record<string, string>> = {
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  real: 'FLOAT',
  'double precision': 'DOUBLE',
  boolean: 'BOOLEAN',
  uuid: 'UUID',
  date: 'DATE',
  text: 'VARCHAR',
  name: 'VARCHAR',
  citext: 'VARCHAR',
}

/** The name that a type has where files are read; one that none of them has keeps its own, and fits no kind. */
export function typeCalled(type: string, isEnum: boolean): string {
  if (isEnum) return 'ENUM'
  if (/^character( varying)?(\(\d+\))?$/.test(type)) return 'VARCHAR'
  if (/^timestamp(\(\d\))? with time zone$/.test(type)) return INSTANT
  if (/^timestamp(\(\d\))? without time zone$/.test(type)) return LOCAL_TIME
  return TYPES[type] ?? type.replace(/^numeric(?=\()/, 'DECIMAL')
}

/** What is asked for: each kind comes in one form, and no cast loses anything of the types that fit the kind. */
export function askedFor(kind: ColumnKind, called: string, types: DataTypes): string {
  const sql = identifier(called)
  switch (kind) {
    case 'string':
      return `${sql}::text`
    case 'int64':
      return `${sql}::int8`
    case 'float64':
      return `${sql}::float8`
    case 'boolean':
      return `${sql}::int4`
    case 'timestamp':
      return types.get(called) === 'DATE' ? `${sql}::timestamp` : sql
  }
}

/** Texts of one column, null where a value is missing. */
export type Texts = readonly (string | null)[]

/** A text that is no value of its kind. */
export interface Refused {
  readonly row: number
  readonly found: string
}

/** The values of a column; or the first that cannot be taken. */
export function columnOf(kind: ColumnKind, texts: Texts): Column | Refused {
  if (kind === 'string') return stringColumn(texts.map(text => text ?? undefined))
  if (kind === 'int64') return integersOf(texts)
  if (kind === 'timestamp') return timesOf(texts)
  return { type: { kind }, values: Float64Array.from(texts, text => (text === null ? Number.NaN : Number(text))) }
}

function integersOf(texts: Texts): Column {
  const values = Float64Array.from(texts, text => (text === null ? Number.NaN : Number(text)))
  const column = { type: { kind: 'int64' as const }, values }
  if (values.every(value => Number.isNaN(value) || Number.isSafeInteger(value))) return column
  return { ...column, exact: BigInt64Array.from(texts, text => BigInt(text ?? 0)) }
}

function timesOf(texts: Texts): Column | Refused {
  const values = new Float64Array(texts.length)
  for (let row = 0; row < texts.length; row++) {
    const text = texts[row] as string | null
    const us = text === null ? Number.NaN : timeUs(text)
    if (us === undefined) return { row, found: String(text) }
    values[row] = us
  }
  return { type: { kind: 'timestamp' }, values }
}

/** Of `2026-03-10 12:00:00.5` and `…+00`; undefined for infinity and for times beyond what is exact. */
function timeUs(text: string): number | undefined {
  const year = Number(text.slice(0, 4))
  if (!(year > 1600) || text[4] !== '-' || text.endsWith('BC')) return undefined
  const at = (from: number) => Number(text.slice(from, from + 2))
  const ms = Date.UTC(year, at(5) - 1, at(8), at(11), at(14), at(17))
  const fraction = text[19] === '.' ? (/^\d+/.exec(text.slice(20))?.[0] ?? '') : ''
  const us = ms * 1000 + Number(fraction.padEnd(6, '0'))
  return Math.abs(us) <= TIME_US_MAX ? us : undefined
}

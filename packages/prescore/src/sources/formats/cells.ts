/**
 * From the text of a cell to a value of the declared kind, in SQL: the whole text must be one, or the result is NULL.
 * DuckDB's own casts would round 1.5 to an integer, take 1_000 for a number, and read a time without a zone in the machine's.
 */
import { identifier, literal } from '../../parquet/index.ts'
import type { ColumnKind } from '../../project/index.ts'
import type { DataTypes } from './format.ts'

/** With nothing but these, DuckDB's cast takes what is a number, and nothing else. A pattern would take several times as long. */
const OF_INTEGERS = '0123456789+-'
const OF_DECIMALS = '0123456789+-.eE'
const NOT_FINITE = '(?i)nan|[+-]?inf(inity)?'
/** To the microsecond; zeros behind it lose nothing. */
const TIME = '([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,6}0*)?)?'
const LOCAL = `\\d{4}-\\d\\d-\\d\\d([T ]${TIME})?`
const ZONED = `\\d{4}-\\d\\d-\\d\\d[T ]${TIME}(Z|[+-]\\d\\d(:?\\d\\d)?)`

export const INSTANT = 'TIMESTAMP WITH TIME ZONE'
export const LOCAL_TIME = 'TIMESTAMP'

/** What the columns of a declaration are called by DuckDB, once read from text; a timestamp is one of two. */
export const TEXT_TYPES: Readonly<Record<Exclude<ColumnKind, 'timestamp'>, string>> = {
  string: 'VARCHAR',
  int64: 'BIGINT',
  float64: 'DOUBLE',
  boolean: 'BOOLEAN',
}

/** SQL of the value of a text; of timestamps, as instants or as local times. */
export function valueOf(kind: ColumnKind, text: string, type: string): string {
  switch (kind) {
    case 'string':
      return text
    case 'int64':
      return `CASE WHEN ${consistsOf(text, OF_INTEGERS)} THEN TRY_CAST(${text} AS BIGINT) END`
    case 'float64':
      return `CASE WHEN ${consistsOf(text, OF_DECIMALS)} THEN ${finite(`TRY_CAST(${text} AS DOUBLE)`)} WHEN ${matches(text, NOT_FINITE)} THEN TRY_CAST(${text} AS DOUBLE) END`
    case 'boolean':
      return `CASE WHEN lower(${text}) IN ('true', 't', '1') THEN true WHEN lower(${text}) IN ('false', 'f', '0') THEN false END`
    case 'timestamp':
      return type === INSTANT
        ? when(text, ZONED, `TRY_CAST(${withSeconds(text)} AS TIMESTAMPTZ)`)
        : when(text, LOCAL, `TRY_CAST(${text} AS TIMESTAMP)`)
  }
}

/** SQL of the text that a folder `name=text` on the way to the file holds. */
export function folderText(fileColumn: string, name: string): string {
  const text = `regexp_extract(${identifier(fileColumn)}, ${literal(`.*[/\\\\]${name}=([^/\\\\]*)[/\\\\]`)}, 1)`
  return `nullif(url_decode(${text}), '__HIVE_DEFAULT_PARTITION__')`
}

/** The same, of a path. */
export function folderOf(path: string, name: string): string | undefined {
  return new RegExp(`.*[/\\\\]${name}=([^/\\\\]*)[/\\\\]`).exec(`/${path}`)?.[1]
}

/** The columns of these types from rows of raw texts. */
export function selectValues(columns: readonly (readonly [name: string, kind: ColumnKind, text: string])[], types: DataTypes): string {
  return columns.map(([name, kind, text]) => `${valueOf(kind, text, types.get(name) ?? '')} AS ${identifier(name)}`).join(', ')
}

function when(text: string, pattern: string, sql: string): string {
  return `CASE WHEN ${matches(text, pattern)} THEN ${sql} END`
}

function consistsOf(text: string, characters: string): string {
  return `ltrim(${text}, ${literal(characters)}) = '' AND NOT starts_with(${text}, '+-')`
}

function matches(text: string, pattern: string): string {
  return `regexp_full_match(${text}, ${literal(pattern)})`
}

/** A number too large for a double is no number. */
function finite(sql: string): string {
  return `CASE WHEN isfinite(${sql}) THEN ${sql} END`
}

function withSeconds(text: string): string {
  return `regexp_replace(${text}, '^(.{10}[T ]\\d\\d:\\d\\d)(Z|[+-].*)$', '\\1:00\\2')`
}

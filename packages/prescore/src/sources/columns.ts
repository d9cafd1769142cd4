/** Declared columns against the data's: what fits is cast without loss, the rest is a problem. */
import { type Problem, problem, suggestion } from '../base/index.ts'
import { identifier, selectItem } from '../parquet/index.ts'
import type { ColumnKind, SourceDefinition } from '../project/index.ts'
import { castAdvice } from './cast-advice.ts'
import { type DataTypes, INSTANT, LOCAL_TIME, nameIn } from './formats/index.ts'

const INTEGERS = new Set(['TINYINT', 'SMALLINT', 'INTEGER', 'BIGINT', 'UTINYINT', 'USMALLINT', 'UINTEGER'])
const EXACT_IN_DOUBLE = new Set(['FLOAT', 'DOUBLE', 'TINYINT', 'SMALLINT', 'INTEGER', 'UTINYINT', 'USMALLINT', 'UINTEGER'])
export const NANOSECONDS = 'TIMESTAMP_NS'
const LOCAL_TIMES = new Set(['TIMESTAMP', 'TIMESTAMP_S', 'TIMESTAMP_MS', NANOSECONDS, 'DATE'])

const fits: Readonly<Record<ColumnKind, (type: string) => boolean>> = {
  int64: type => INTEGERS.has(type),
  float64: type => EXACT_IN_DOUBLE.has(type) || shortDecimal(type),
  boolean: type => type === 'BOOLEAN',
  string: type => type === 'VARCHAR' || type.startsWith('ENUM') || type === 'UUID',
  timestamp: type => type === INSTANT || LOCAL_TIMES.has(type),
}

/** A decimal of at most 15 digits is the nearest double of itself after one exact division. */
function shortDecimal(type: string): boolean {
  const match = /^DECIMAL\((\d+),\d+\)$/.exec(type)
  return match !== null && Number(match[1]) <= 15
}

/**
 * The types of columns over several files. Integers of different sizes are one type. Whatever else differs would be cast
 * by DuckDB, not always without loss (integers beside floats, local times beside instants): it is named with all its types,
 * so that it fits no kind. A column that some files lack is missing in their rows.
 */
export function commonTypes(files: readonly DataTypes[]): DataTypes {
  const types = new Map<string, Set<string>>()
  for (const [name, type] of files.flatMap(file => [...file])) types.set(name, (types.get(name) ?? new Set()).add(type))
  return new Map([...types].map(([name, each]) => [name, commonType([...each])]))
}

function commonType(types: readonly string[]): string {
  if (types.length === 1) return types[0] as string
  return types.every(type => INTEGERS.has(type)) ? 'BIGINT' : types.join(' and ')
}

/** The kind that a type of the data is read as; undefined: none without loss. */
export function kindOf(type: string): ColumnKind | undefined {
  return (Object.keys(fits) as ColumnKind[]).find(kind => fits[kind](type))
}

/** Every difference between the declaration and the data. Columns of no known kind are the project check's to tell. */
export function compareColumns(definition: SourceDefinition, data: DataTypes, where: string): Problem[] {
  const declared = Object.entries(definition.columns).filter(([, kind]) => Object.hasOwn(fits, kind))
  return declared.flatMap(([name, kind]): Problem[] => {
    const type = data.get(name)
    const place = `${where}.columns.${name}`
    const called = nameIn(definition, name)
    if (type === undefined)
      return [problem('column_missing', place, `no column "${called}" in the data`, kind, suggestion(called, data.keys()))]
    if (type === `${LOCAL_TIME} and ${INSTANT}`) {
      const fix = 'Write every time of the column with its zone, or none of them; two columns may differ.'
      return [problem('column_type', place, 'some times with a zone and some without', 'one or the other', fix)]
    }
    if (!fits[kind](type)) {
      const cast = definition.from === undefined ? undefined : castAdvice(kind, type, name, called)
      return [problem('column_type', place, `${type} in the data`, kind, advice(kind, type, cast))]
    }
    if (kind === 'timestamp' && type !== INSTANT && definition.zone === undefined) {
      return [problem('zone_missing', place, `${type}, a time without a zone`, 'a source with `zone`')]
    }
    return []
  })
}

/** @param cast what helps where no kind fits. */
function advice(kind: ColumnKind, type: string, cast = `Convert the column in the data: ${type} is not read without loss.`): string {
  const better = kindOf(type)
  if (better !== undefined)
    return `Declare it as '${better}'${kind === 'float64' && type === 'BIGINT' ? ' (arithmetic takes int64 as well)' : ''}.`
  return cast
}

/** Times in the data that have no zone of their own. */
export function isLocalTime(data: DataTypes, column: string): boolean {
  return data.get(column) !== INSTANT
}

/** The SELECT item of a declared column. */
export function selectColumn(name: string, kind: ColumnKind, data: DataTypes): string {
  const sql = identifier(name)
  return `${selectItem(kind, kind === 'timestamp' && isLocalTime(data, name) ? `CAST(${sql} AS TIMESTAMP)` : sql)} AS ${sql}`
}

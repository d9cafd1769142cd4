/** How values of a column stand in a Parquet file, and what they mean: those that are read without DuckDB, to the same bits. */
import type { Kind } from '../../expressions/index.ts'
import type { LeafColumn } from './footer.ts'
import type { ReadStruct } from './thrift-read.ts'

const PHYSICAL = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const
const CONVERTED = {
  text: 0,
  date: 6,
  millis: 9,
  micros: 10,
  uint8: 11,
  uint16: 12,
  uint32: 13,
  int8: 15,
  int16: 16,
  int32: 17,
  int64: 18,
} as const
const LOGICAL = { text: 1, timestamp: 8, integer: 10 } as const
const UNITS = { millis: 1, micros: 2 } as const
const SIGNED: readonly unknown[] = [undefined, CONVERTED.int8, CONVERTED.int16, CONVERTED.int32, CONVERTED.int64]
const UNSIGNED: readonly unknown[] = [CONVERTED.uint8, CONVERTED.uint16, CONVERTED.uint32]
/** By what is said of integers. */
const INTEGER_TYPES: Readonly<Record<number, string>> = {
  [CONVERTED.int8]: 'TINYINT',
  [CONVERTED.int16]: 'SMALLINT',
  [CONVERTED.int32]: 'INTEGER',
  [CONVERTED.int64]: 'BIGINT',
  [CONVERTED.uint8]: 'UTINYINT',
  [CONVERTED.uint16]: 'USMALLINT',
  [CONVERTED.uint32]: 'UINTEGER',
}

export interface StoredForm {
  readonly stored: 'boolean' | 'int32' | 'uint32' | 'int64' | 'float' | 'double' | 'text'
  /** Whether the numbers are times: those at both ends of the range are none. */
  readonly isTime: boolean
  /** What a stored 1 stands for. */
  readonly unit: number
}

/** Undefined: it is left to DuckDB. @param kind as which the column is wanted */
export function storedForm(kind: Kind, column: LeafColumn): StoredForm | undefined {
  const { physical } = column
  if (kind === 'timestamp') {
    const unit = physical === PHYSICAL.int64 ? timeUnit(column) : undefined
    return unit === undefined ? undefined : { stored: 'int64', isTime: true, unit }
  }
  if (kind === 'string') return isText(column) ? { stored: 'text', isTime: false, unit: 1 } : undefined
  const stored = storedAs(column)
  const fits =
    kind === 'int64'
      ? stored === 'int32' || stored === 'uint32' || stored === 'int64'
      : kind === 'float64'
        ? stored === 'float' || stored === 'double' || stored === 'int32' || stored === 'uint32'
        : kind === 'boolean' && stored === 'boolean'
  return fits && stored !== undefined ? { stored, isTime: false, unit: 1 } : undefined
}

/** What DuckDB calls the type of a column; undefined: it must be asked. */
export function duckdbType(column: LeafColumn): string | undefined {
  const { physical, converted, logical } = column
  const stored = storedAs(column)
  if (stored === 'boolean' || stored === 'float' || stored === 'double') return stored.toUpperCase()
  // Where only the newer form says how many bits there are, it decides.
  if (stored !== undefined && converted !== undefined) return INTEGER_TYPES[converted]
  if (stored !== undefined) return logical !== undefined ? undefined : stored === 'int64' ? 'BIGINT' : 'INTEGER'
  if (isText(column)) return converted === undefined ? undefined : 'VARCHAR'
  if (physical === PHYSICAL.int32 && converted === CONVERTED.date) return 'DATE'
  if (physical !== PHYSICAL.int64 || logical === undefined || timeUnit(column) === undefined) return undefined
  return (logical.get(LOGICAL.timestamp) as ReadStruct).get(1) === true ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP'
}

/** Bytes that are said to be text, in one form or in both. */
function isText({ physical, converted, logical }: LeafColumn): boolean {
  const isSaid = logical === undefined ? converted === CONVERTED.text : logical.size === 1 && logical.has(LOGICAL.text)
  return physical === PHYSICAL.bytes && isSaid && (converted === undefined || converted === CONVERTED.text)
}

function storedAs({ physical, converted, logical }: LeafColumn): StoredForm['stored'] | undefined {
  const isBare = converted === undefined && logical === undefined
  if (physical === PHYSICAL.boolean) return isBare ? 'boolean' : undefined
  if (physical === PHYSICAL.float) return isBare ? 'float' : undefined
  if (physical === PHYSICAL.double) return isBare ? 'double' : undefined
  const isInteger = logical === undefined || (logical.size === 1 && logical.has(LOGICAL.integer))
  if (!isInteger) return undefined
  if (SIGNED.includes(converted) && isSigned(logical))
    return physical === PHYSICAL.int64 ? 'int64' : physical === PHYSICAL.int32 ? 'int32' : undefined
  return UNSIGNED.includes(converted) && physical === PHYSICAL.int32 ? 'uint32' : undefined
}

/** The newer form says it too; alone it is left to DuckDB where it says that there is no sign. */
function isSigned(logical: ReadStruct | undefined): boolean {
  return logical === undefined || (logical.get(LOGICAL.integer) as ReadStruct).get(2) === true
}

/** In µs. */
function timeUnit({ converted, logical }: LeafColumn): number | undefined {
  if (logical === undefined) return converted === CONVERTED.micros ? 1 : converted === CONVERTED.millis ? 1000 : undefined
  const unit = (logical.get(LOGICAL.timestamp) as ReadStruct | undefined)?.get(2) as ReadStruct | undefined
  return unit?.has(UNITS.micros) === true ? 1 : unit?.has(UNITS.millis) === true ? 1000 : undefined
}

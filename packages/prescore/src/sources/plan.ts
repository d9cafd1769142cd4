/** What a scan asks of DuckDB: only the columns that are needed, only the time range that is wanted. */
import { TIME_US_MAX } from '../base/index.ts'
import { type Chunk, type ExpressionNode, references } from '../expressions/index.ts'
import { type ColumnKinds, identifier } from '../parquet/index.ts'
import type { ColumnKind, SourceDefinition } from '../project/index.ts'
import { isLocalTime, selectColumn } from './columns.ts'
import { duplicatesCondition } from './duplicates.ts'
import type { DataTypes, SourceFile } from './formats/index.ts'
import { fromFiles } from './inspect.ts'
import type { SourcePin } from './pin.ts'
import type { ScannedChunk, TimeRange } from './rows.ts'
import { shaper } from './shape.ts'
import type { SourceAt } from './source-at.ts'
import { ZONE_SLACK_US } from './sql-conditions.ts'

export interface ScanPlan {
  /** Names the source in messages. */
  readonly where: string
  readonly from: string
  readonly select: string
  readonly kinds: ColumnKinds
  /** SQL conditions that hold for every row of the asked time range. */
  readonly range: readonly string[]
  /** SQL condition of the rows whose id is not unique; undefined when all are. */
  readonly duplicated: string | undefined
  shape(chunk: Chunk): ScannedChunk
}

/** @param columns declared or derived ones. @param read the files, or slices of them, that are read; which ids repeat is told by all. */
export function planScan(
  source: SourceAt,
  pin: SourcePin,
  columns: Iterable<string>,
  range: TimeRange,
  read: readonly SourceFile[] = pin.files,
): ScanPlan {
  const { name, definition } = source
  const where = `sources.${name}`
  const types = new Map(Object.entries(pin.types))
  const { declared, derived } = needs(definition, columns)
  const all = fromFiles(source, pin.files, types)
  const kinds = [...declared].map((column): [string, ColumnKind] => [column, definition.columns[column] as ColumnKind])
  return {
    where,
    from: read === pin.files ? all : fromFiles(source, read, types),
    select: kinds.map(([column, kind]) => selectColumn(column, kind, types)).join(', '),
    kinds: Object.fromEntries(kinds),
    range: rangeConditions(definition, types, range),
    duplicated: definition.id === undefined || pin.duplicates === 0 ? undefined : duplicatesCondition(definition.id, all),
    shape: shaper(definition, types, derived, where),
  }
}

/** Makes rows of a source of declared columns that are at hand. @param columns those that are needed, declared or derived. */
export function shapeRows({ name, definition }: SourceAt, types: DataTypes, columns: Iterable<string>): (chunk: Chunk) => ScannedChunk {
  return shaper(definition, types, needs(definition, columns).derived, `sources.${name}`)
}

/** The declared columns to be read and the derived ones to be computed, for these columns and for what every row has. */
function needs(definition: SourceDefinition, columns: Iterable<string>): { declared: Set<string>; derived: Set<string> } {
  const { time, arrival, derive } = definition
  const declared = new Set<string>()
  const derived = new Set<string>()
  const need = (name: string): void => {
    if (!Object.hasOwn(derive, name)) declared.add(name)
    else if (!derived.has(name)) {
      derived.add(name)
      needAll(derive[name] as ExpressionNode)
    }
  }
  const needAll = (node: ExpressionNode): void => {
    for (const ref of references(node)) need(ref.slice('row.'.length))
  }
  for (const name of columns) need(name)
  if (time !== undefined) need(time)
  if (arrival !== undefined) needAll(arrival)
  // Rows without any column could not be read at all.
  if (declared.size === 0) need(Object.keys(definition.columns)[0] as string)
  return { declared, derived }
}

function rangeConditions(
  definition: SourceDefinition,
  types: DataTypes,
  { fromUs = Number.NEGATIVE_INFINITY, untilUs = Number.POSITIVE_INFINITY }: TimeRange,
): string[] {
  const { time } = definition
  if (time === undefined || !Object.hasOwn(definition.columns, time)) return []
  const isLocal = isLocalTime(types, time)
  // A bound widened so never cuts a row off.
  const slackUs = isLocal ? ZONE_SLACK_US : 0
  const bound = (us: number) => `${isLocal ? 'make_timestamp' : 'make_timestamptz'}(${us})`
  return [
    ...(fromUs < -TIME_US_MAX ? [] : [`${identifier(time)} >= ${bound(fromUs - slackUs)}`]),
    ...(untilUs > TIME_US_MAX ? [] : [`${identifier(time)} < ${bound(untilUs + slackUs)}`]),
  ]
}

/** The rows of a source's files of which SQL can say whether they were known at a moment and pass a condition, and what it makes of them. */
import { PrescoreError } from '../base/index.ts'
import type { Chunk, ExpressionNode, NumberColumn, Scope } from '../expressions/index.ts'
import { type ColumnKinds, type Database, identifier, readColumns } from '../parquet/index.ts'
import type { ColumnKind } from '../project/index.ts'
import { selectColumn } from './columns.ts'
import type { DataTypes } from './formats/index.ts'
import type { SourcePin } from './pin.ts'
import type { ScanPlan } from './plan.ts'
import type { ScannedChunk, TimeRange } from './rows.ts'
import type { SourceAt } from './source-at.ts'
import { SqlConditions } from './sql-conditions.ts'

export interface KnownRequest extends TimeRange {
  /** The moment: what was known later is left out. */
  readonly knownByUs: number
  /** Over `row.*`, and `asOf`, which is the moment; `name` is for messages. Rows for which it is not true are left out. */
  readonly where?: { readonly condition: ExpressionNode; readonly scope: Scope; readonly name: string }
  /** Columns, declared or derived. */
  readonly by: readonly string[]
  /** Further ones. */
  readonly more: readonly string[]
  /** Which of the rows that agree in the columns `by` are needed: each, any one of them, or all that have the latest event time. */
  readonly needed: 'each' | 'any' | 'last'
}

/** The rows of the files in two parts. */
export interface Judged {
  /** Rows that SQL judges: conditions of those that are known and pass. */
  readonly known: readonly string[]
  /** The condition of the rows that it does not. */
  readonly others: string
  readonly time: string
  readonly types: DataTypes
}

const TOTAL = 'prescore:rows'

/** Undefined: each row must be looked at. @param plan of a scan for all columns that are looked at */
export function judgedBySql({ definition }: SourceAt, pin: SourcePin, plan: ScanPlan, request: KnownRequest): Judged | undefined {
  const { by, needed, knownByUs, where, fromUs, untilUs } = request
  const { time, arrival, columns } = definition
  if (needed === 'each' || time === undefined || ![time, ...by].every(name => Object.hasOwn(columns, name))) return undefined
  const types = new Map(Object.entries(pin.types))
  const sql = new SqlConditions(definition, types, knownByUs)
  if (needed === 'last' && !sql.isOrdered(time)) return undefined
  const happened: ExpressionNode = { ref: `row.${time}` }
  const arrived = arrival ?? happened
  const conditions = [
    ...(fromUs === undefined ? [] : [sql.timed(happened, '>=', fromUs)]),
    ...(untilUs === undefined ? [] : [sql.timed(happened, '<', untilUs)]),
    ...(pin.untilUs === undefined ? [] : [sql.timed(arrived, '<', pin.untilUs)]),
    sql.timed(arrived, '<=', knownByUs),
    ...(where === undefined ? [] : [sql.holds(where.condition)]),
  ]
  const known = conditions.filter(each => each !== undefined)
  if (known.length < conditions.length) return undefined
  sql.doubtTimes(Object.keys(plan.kinds))
  const unique = plan.duplicated === undefined ? [] : [`NOT (${plan.duplicated})`]
  return { known: [...plan.range, ...known, ...sql.sure, ...unique], others: sql.unsure, time, types }
}

/** Of the rows that SQL judges, those that are needed. @throws PrescoreError `source_unreadable`, `rows_not_reconciled` */
export async function* readJudged<T extends Chunk>(
  database: Database,
  { definition }: SourceAt,
  plan: ScanPlan,
  { by, needed }: KnownRequest,
  { known, time, types }: Judged,
  shaped: (chunk: ScannedChunk) => T,
): AsyncGenerator<Chunk | T> {
  const [names, rows] = [by.map(identifier).join(', '), `FROM ${plan.from} WHERE ${known.join(' AND ')}`]
  if (needed === 'last') {
    const latest = `SELECT ${names}, max(${identifier(time)}) ${rows} GROUP BY ${names}`
    const sql = `SELECT * ${rows} AND (${names}, ${identifier(time)}) IN (${latest})`
    for await (const chunk of readAll(database, plan, plan.select, plan.kinds, sql)) yield shaped(plan.shape(chunk))
    return
  }
  const kinds = Object.fromEntries(by.map(name => [name, definition.columns[name] as ColumnKind]))
  const items = by.map(name => selectColumn(name, kinds[name] as ColumnKind, types)).join(', ')
  for await (const chunk of readAll(database, plan, items, kinds, `SELECT DISTINCT ${names} ${rows}`))
    yield { rows: chunk.rows, columns: new Map([...chunk.columns].map(([name, column]) => [`row.${name}`, column])) }
}

/** All rows of a statement: each says how many there are. */
async function* readAll(database: Database, { where }: ScanPlan, items: string, kinds: ColumnKinds, sql: string): AsyncGenerator<Chunk> {
  const counted = `SELECT ${items}, count(*) OVER () AS ${identifier(TOTAL)} FROM (${sql})`
  let rows = 0
  let total = 0
  for await (const chunk of readColumns(database, counted, { ...kinds, [TOTAL]: 'int64' }, where)) {
    const { [TOTAL]: totals, ...columns } = Object.fromEntries(chunk.columns)
    total = (totals as NumberColumn).values[0] as number
    rows += chunk.rows
    yield { rows: chunk.rows, columns: new Map(Object.entries(columns)) }
  }
  if (rows !== total) throw new PrescoreError('rows_not_reconciled', { where, found: `${rows} rows`, expected: `${total} rows` })
}

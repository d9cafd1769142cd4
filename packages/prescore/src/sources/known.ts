/**
 * What a source knew at a moment, for those who ask which values there were. As far as SQL can tell, it leaves out the rows that
 * say nothing new; what it cannot judge, and what is not of the files, comes row by row.
 */
import { type Chunk, type Column, type CompiledExpression, compile, type NumberColumn, references, takeRows } from '../expressions/index.ts'
import type { Database } from '../parquet/index.ts'
import { judgedBySql, type KnownRequest, readJudged } from './judged.ts'
import { type SourcePin, verifyPin } from './pin.ts'
import { planScan } from './plan.ts'
import type { ScannedChunk } from './rows.ts'
import { scanSource } from './scan.ts'
import type { SourceAt } from './source-at.ts'

/** Rows with the columns that were asked for. */
export interface KnownChunk extends Chunk {
  /** Event times; absent where any row is as good as another. */
  readonly timeUs?: Float64Array
}

/**
 * The rows that were known by the moment and for which the condition is true, in no particular order. With `any` and `last`, rows
 * that are not needed come as well, or are left out.
 * @throws PrescoreError as {@link scanSource} does
 */
export async function* knownRows(database: Database, source: SourceAt, pin: SourcePin, request: KnownRequest): AsyncGenerator<KnownChunk> {
  const { by, more, where, knownByUs } = request
  const passes = where === undefined ? undefined : compile(where.condition, where.scope, where.name)
  const looked = where === undefined ? [] : [...references(where.condition)].filter(ref => ref.startsWith('row.'))
  const columns = [...by, ...more, ...looked.map(ref => ref.slice('row.'.length))]
  const known = (chunk: ScannedChunk) => knownOf(chunk, [...by, ...more], knownByUs, passes)
  const plan = planScan(source, pin, columns, request)
  const judged = judgedBySql(source, pin, plan, request)
  if (judged !== undefined) {
    await verifyPin(source, pin)
    yield* readJudged(database, source, plan, request, judged, known)
  }
  const only = judged === undefined ? {} : { only: { sql: judged.others } }
  for await (const chunk of scanSource(database, source, pin, { ...request, columns, ...only })) yield known(chunk)
}

/** The rows that were known by the moment and pass. */
function knownOf(chunk: ScannedChunk, names: readonly string[], knownByUs: number, passes: CompiledExpression | undefined): KnownChunk {
  const passed = passes === undefined ? undefined : (passes(withAsOf(chunk, knownByUs)) as NumberColumn).values
  const kept = new Int32Array(chunk.rows)
  let rows = 0
  for (let i = 0; i < chunk.rows; i++) {
    if ((chunk.knownAtUs[i] as number) <= knownByUs && (passed === undefined || passed[i] === 1)) kept[rows++] = i
  }
  const isWhole = rows === chunk.rows
  const some = kept.subarray(0, rows)
  const columns = names.map(name => {
    const column = chunk.columns.get(`row.${name}`) as Column
    return [`row.${name}`, isWhole ? column : takeRows(column, some)] as const
  })
  const timeUs = isWhole ? chunk.timeUs : Float64Array.from(some, row => chunk.timeUs[row] as number)
  return { rows, columns: new Map(columns), timeUs }
}

/** The rows with the one as-of that holds for all of them. */
export function withAsOf(chunk: Chunk, asOfUs: number): Chunk {
  const asOf: NumberColumn = { type: { kind: 'timestamp' }, values: new Float64Array(chunk.rows).fill(asOfUs) }
  return { rows: chunk.rows, columns: new Map([...chunk.columns, ['asOf', asOf]]) }
}

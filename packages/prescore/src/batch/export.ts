/** A run as one file for others: a schema that stays, one row a key, in the order of the keys. */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { formatInstant, removeScratch, scratchFolder } from '../base/index.ts'
import type { Chunk, Column } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import { type CopyFormat, copyTo, identifier, literal, type StoredColumns, writeGroups } from '../parquet/index.ts'
import type { BatchPlace } from './place.ts'
import { openRun, runChunks, runRows, type StoredRunFiles, scoredKinds } from './stored-run.ts'
import { inputsKind } from './values.ts'

export interface ExportRequest {
  readonly run: string
  readonly file: string
  readonly format: CopyFormat
  readonly withFeatures: boolean
}

export interface Exported {
  readonly run: string
  readonly file: string
  readonly rows: number
  readonly bytes: number
  readonly columns: readonly string[]
}

/**
 * Writes all rows, rejected ones with their code and without a value: `key_*`, `value` (or `value_0` …), `rejected`, `inputs` (JSON,
 * where the prediction has some), `feature_*` (on request), `as_of`, `data_through`, `release`, `run`, `written_at`.
 * @throws PrescoreError `file_unwritable`, and what opening and reading a run may throw; on any failure the file is as it was
 */
export async function exportRun(place: BatchPlace, { run, ...how }: ExportRequest): Promise<Exported> {
  return writeExport(await openRun(place, run), how)
}

/** @throws PrescoreError as {@link exportRun} does */
export async function writeExport(run: StoredRunFiles, { file, format, withFeatures }: Omit<ExportRequest, 'run'>): Promise<Exported> {
  const kinds = exportedKinds(run, withFeatures)
  const bytes = await (format === 'parquet'
    ? writeRows(run, file, kinds, withFeatures)
    : writeTexts(run, file, format, kinds, withFeatures))
  return { run: run.record.id, file, rows: run.context.plan.population.rows, bytes, columns: Object.keys(kinds) }
}

/** The columns of an export, in their order. */
function exportedKinds({ context, shape }: StoredRunFiles, withFeatures: boolean): StoredColumns {
  const { prediction, assembly } = context
  const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => [`key_${name}`, kind] as const)
  const values = valueNames(shape.width).map(name => [name, shape.outputType] as const)
  const features = withFeatures ? assembly.vector.names.map(name => [`feature_${name}`, 'float64'] as const) : []
  const rows = {
    ...Object.fromEntries([...keys, ...values]),
    rejected: 'string',
    ...inputsKind(prediction),
    ...Object.fromEntries(features),
  } as const
  return { ...rows, as_of: 'timestamp', data_through: 'timestamp', release: 'string', run: 'string', written_at: 'timestamp' }
}

/** By our own code, some rows after the other: the database would hold many at once. */
async function writeRows(run: StoredRunFiles, file: string, kinds: StoredColumns, withFeatures: boolean): Promise<number> {
  await writeGroups(file, kinds, told(run, withFeatures ? runChunks(run, true) : runRows(run)))
  return (await stat(file)).size
}

/** Rows with what is the same of all of them. */
async function* told({ record }: StoredRunFiles, chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  let same = sameOfAll(record, 0)
  for await (const { rows, columns } of chunks) {
    if (same.rows !== rows) same = sameOfAll(record, rows)
    yield { rows, columns: new Map([...columns, ...same.columns]) }
  }
}

function sameOfAll(record: StoredRunFiles['record'], rows: number): Chunk {
  const text = (value: string): Column => ({ type: { kind: 'string' }, codes: new Int32Array(rows), dictionary: [value] })
  const moment = (us: number | null | undefined): Column => ({
    type: { kind: 'timestamp' },
    values: new Float64Array(rows).fill(us ?? Number.NaN),
  })
  const columns = {
    as_of: moment(record.asOfUs),
    data_through: moment(record.dataThroughUs),
    release: text(record.release),
    run: text(record.id),
    written_at: moment(record.finishedAtUs ?? record.updatedAtUs),
  }
  return { rows, columns: new Map(Object.entries(columns)) }
}

async function writeTexts(
  run: StoredRunFiles,
  file: string,
  format: Exclude<CopyFormat, 'parquet'>,
  kinds: StoredColumns,
  withFeatures: boolean,
): Promise<number> {
  const scratch = scratchFolder('prescore-export-')
  try {
    const parts = withFeatures
      ? await writeParts(run, scratch)
      : run.shards.map(({ shard, file: name }) => join(run.context.layout.shard('score', shard), name))
    const items = Object.keys(kinds).map(name => `${textOf(run, name, format)} AS ${identifier(name)}`)
    const query = `SELECT ${items.join(', ')} FROM read_parquet([${parts.map(literal).join(', ')}])`
    return await copyTo(run.context.database, query, file, format)
  } finally {
    await removeScratch(scratch)
  }
}

/** Rows with their features, some at a time, so that no more are in memory. */
async function writeParts(run: StoredRunFiles, scratch: string): Promise<string[]> {
  const { context, shape } = run
  const values = valueNames(shape.width).map(name => [name, shape.outputType] as const)
  const features = context.assembly.vector.names.map(name => [`feature_${name}`, 'float64'] as const)
  const kinds: StoredColumns = { ...scoredKinds(context, shape), ...Object.fromEntries([...values, ...features]) }
  const files: string[] = []
  for await (const chunk of runChunks(run, true)) {
    const file = join(scratch, `${files.length}.parquet`)
    await writeGroups(file, kinds, [chunk])
    files.push(file)
  }
  return files
}

/** What stands in a column, in SQL. */
function textOf({ record, shape }: StoredRunFiles, name: string, format: Exclude<CopyFormat, 'parquet'>): string {
  const moment = (us: number | null | undefined) => (us === null || us === undefined ? 'NULL::VARCHAR' : literal(formatInstant(us)))
  const same: Readonly<Record<string, string>> = {
    as_of: moment(record.asOfUs),
    data_through: moment(record.dataThroughUs),
    release: literal(record.release),
    run: literal(record.id),
    written_at: moment(record.finishedAtUs ?? record.updatedAtUs),
  }
  const column = identifier(name)
  if (Object.hasOwn(same, name)) return same[name] as string
  if (format === 'csv') return column
  // A float32 is written with the digits of its answer, not with those of its double.
  if (valueNames(shape.width).includes(name)) return `${column}::VARCHAR::DOUBLE`
  // JSON has no infinite numbers.
  return name.startsWith('feature_') ? `CASE WHEN isfinite(${column}) THEN ${column} END` : column
}

/** A run as one file for others: a schema that stays, one row a key, in the order of the keys. */

import { join } from 'node:path'
import { formatInstant, removeScratch, scratchFolder } from '../base/index.ts'
import { valueNames } from '../history/index.ts'
import { type CopyFormat, copyTo, identifier, literal, type StoredColumns, writeParquet } from '../parquet/index.ts'
import type { BatchPlace } from './place.ts'
import { openRun, runChunks, type StoredRunFiles, scoredKinds } from './stored-run.ts'

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
  const scratch = scratchFolder('prescore-export-')
  try {
    const parts = withFeatures
      ? await writeParts(run, scratch)
      : run.shards.map(({ shard, file: name }) => join(run.context.layout.shard('score', shard), name))
    const columns = columnsOf(run, withFeatures, format)
    const items = columns.map(([name, sql]) => `${sql} AS ${identifier(name)}`)
    const query = `SELECT ${items.join(', ')} FROM read_parquet([${parts.map(literal).join(', ')}])`
    const bytes = await copyTo(run.context.database, query, file, format)
    return { run: run.record.id, file, rows: run.context.plan.population.rows, bytes, columns: columns.map(([name]) => name) }
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
    await writeParquet(context.database, file, kinds, [chunk])
    files.push(file)
  }
  return files
}

function columnsOf(
  { record, context, shape }: StoredRunFiles,
  withFeatures: boolean,
  format: CopyFormat,
): readonly (readonly [name: string, sql: string])[] {
  const { prediction, assembly } = context
  const isText = format !== 'parquet'
  const moment = (us: number | null | undefined) => {
    if (us === null || us === undefined) return isText ? 'NULL::VARCHAR' : 'NULL::TIMESTAMPTZ'
    return isText ? literal(formatInstant(us)) : `make_timestamptz(${us}::BIGINT)`
  }
  // A float32 is written with the digits of its answer, not with those of its double.
  const value = (name: string) => (format === 'ndjson' ? `${identifier(name)}::VARCHAR::DOUBLE` : identifier(name))
  // JSON has no infinite numbers.
  const feature = (name: string) =>
    format === 'ndjson' ? `CASE WHEN isfinite(${identifier(name)}) THEN ${identifier(name)} END` : identifier(name)
  const same = (name: string) => [name, identifier(name)] as const
  return [
    ...Object.keys(prediction.entity ?? {}).map(name => same(`key_${name}`)),
    ...valueNames(shape.width).map(name => [name, value(name)] as const),
    same('rejected'),
    ...(Object.keys(prediction.inputs).length === 0 ? [] : [same('inputs')]),
    ...(withFeatures ? assembly.vector.names.map(name => [`feature_${name}`, feature(`feature_${name}`)] as const) : []),
    ['as_of', moment(record.asOfUs)],
    ['data_through', moment(record.dataThroughUs)],
    ['release', literal(record.release)],
    ['run', literal(record.id)],
    ['written_at', moment(record.finishedAtUs ?? record.updatedAtUs)],
  ]
}

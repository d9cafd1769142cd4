/** The rows of a rescored run: those of the earlier one, and with `missing` the keys that have come, each taken over or to be computed. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrescoreError } from '../base/index.ts'
import { type Chunk, type Column, type NumberColumn, type StringColumn, stringColumn, takeRows } from '../expressions/index.ts'
import { columnBuffer, valueNames } from '../history/index.ts'
import { type ColumnKinds, type Database, writeParquet } from '../parquet/index.ts'
import { MergedRows } from './merged-rows.ts'
import { RowVectors } from './origins.ts'
import type { RescoredPopulation } from './plan.ts'
import { type PopulationRows, populationKinds, sortedKeys, writePopulation } from './population.ts'
import { reportOf } from './report.ts'
import type { RescoredOf } from './rescored.ts'
import { readPopulation, readRows } from './rows.ts'
import { originsOf, someRows, takenKinds } from './stages/taken.ts'
import { runChunks, type StoredRunFiles } from './stored-run.ts'
import { canonicalRows } from './values.ts'

export interface MergeRequest {
  readonly database: Database
  readonly earlier: StoredRunFiles
  readonly of: RescoredOf
  readonly folder: string
  /** The population over the sources as they are now. */
  readonly now: PopulationRows
}

/** @returns undefined, with nothing written, where no row is to be computed. @throws PrescoreError `run_corrupt` for a damaged earlier run */
export async function mergedPopulation(request: MergeRequest): Promise<RescoredPopulation | undefined> {
  const { earlier, of, folder, database } = request
  const { context, shape, record } = earlier
  const { before, merged } = await merge(request)
  const [failed, missing] = [merged.failed.length, merged.missing]
  if (failed + missing === 0) return undefined
  const origins = originsFrom(earlier, before.origins, merged)
  const columns = new Map<string, Column>([
    ...(await mergedInputs(request, merged)),
    ['taken_origin', { type: { kind: 'int64' }, values: origins.ofRow }],
    ...takenColumns(before, merged, shape.width),
  ])
  const kinds = { ...populationKinds(context.prediction), ...takenKinds(shape.width) }
  const file = `population-${randomUUID()}.parquet`
  await mkdir(folder, { recursive: true })
  const rows = await writeParquet(database, join(folder, file), kinds, [{ rows: merged.taken.length, columns }])
  return {
    population: { file, rows },
    rescored: {
      ...of,
      rows: { failed, missing, taken: rows - failed - missing },
      origins: origins.runs,
      missing: await missingOfTaken(earlier, merged.failed),
      dataThroughUs: record.dataThroughUs,
    },
  }
}

/** The scored rows of the earlier run, in its order. */
interface Earlier {
  readonly rejected: readonly (string | undefined)[]
  /** By number of the value. */
  readonly values: readonly Float64Array[]
  /** Of its plan; undefined: it computed all of its rows. */
  readonly origins: Int32Array | undefined
}

/** Reads the earlier run, once, beside the keys of now. */
async function merge({ earlier, of, now }: MergeRequest): Promise<{ readonly before: Earlier; readonly merged: MergedRows }> {
  const { context, shape, record } = earlier
  const { rows } = context.plan.population
  const order = sortedKeys(now.index, context.prediction.entity ?? {})
  const merged = new MergedRows(
    rows,
    Array.from(order, number => now.index.bytes(number)),
    of,
  )
  const values = valueNames(shape.width).map(name => [name, new Float64Array(rows)] as const)
  const rejected: (string | undefined)[] = []
  const digest = createHash('sha256')
  for await (const chunk of runChunks(earlier, false)) {
    for (const [name, all] of values) all.set((chunk.columns.get(name) as NumberColumn).values.subarray(0, chunk.rows), rejected.length)
    const { codes, dictionary } = chunk.columns.get('rejected') as StringColumn
    let row = 0
    for (const { keyBytes, line } of canonicalRows(chunk, context.prediction, shape)) {
      digest.update(line)
      const code = dictionary[codes[row++] as number]
      merged.add(keyBytes, code !== undefined)
      rejected.push(code)
    }
  }
  merged.end()
  const [found, expected] = [digest.digest('hex').slice(0, 12), reportOf(record)?.digest.slice(0, 12)]
  if (found !== expected)
    throw new PrescoreError('run_corrupt', {
      where: context.layout.folder,
      found: `rows of digest ${found}`,
      expected: `those of ${expected}`,
    })
  return { before: { rejected, values: values.map(([, all]) => all), origins: await originsOf(context, 0, rows) }, merged }
}

/** Keys and inputs: of a row taken over as they were, of one to be computed as they are now, if the population still has it. */
async function mergedInputs({ database, earlier, now }: MergeRequest, { at }: MergedRows): Promise<readonly (readonly [string, Column])[]> {
  const { context } = earlier
  const kinds = populationKinds(context.prediction)
  const old = await readRows(database, context.populationFile, kinds, { from: 0, to: context.plan.population.rows })
  const current = await throughFile(database, earlier, kinds, now)
  return Object.entries(kinds).map(([name, kind]) => {
    const buffer = columnBuffer({ kind })
    for (const chunk of [old, current]) buffer.append(chunk.columns.get(name) as Column, everyRow(chunk))
    return [name, takeRows(buffer.column(), at)] as const
  })
}

/** The population as a run of its own would have recorded and read it. */
async function throughFile(database: Database, { context }: StoredRunFiles, kinds: ColumnKinds, now: PopulationRows): Promise<Chunk> {
  const scratch = await mkdtemp(join(tmpdir(), 'prescore-rescore-'))
  try {
    const file = join(scratch, 'population.parquet')
    const to = await writePopulation(database, file, context.prediction, now)
    return await readRows(database, file, kinds, { from: 0, to })
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function everyRow({ rows }: Chunk): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row)
}

/** Where each row is computed, as the plan will list it: rows that the earlier run took over itself keep their origin. */
function originsFrom({ record, context }: StoredRunFiles, origins: Earlier['origins'], { taken }: MergedRows) {
  const runs: string[] = []
  const numberOf = (run: string) => (runs.includes(run) ? runs.indexOf(run) : runs.push(run) - 1) + 1
  const ofRow = Float64Array.from(taken, before => {
    if (before < 0) return 0
    const origin = origins?.[before] ?? 0
    return numberOf(origin === 0 ? record.id : (context.plan.rescored?.origins[origin - 1] as string))
  })
  return { runs, ofRow }
}

/** Nothing for rows that are to be computed. */
function takenColumns({ values, rejected }: Earlier, { taken }: MergedRows, width: number): readonly (readonly [string, Column])[] {
  const columns = valueNames(width).map((name, at) => {
    const column = Float64Array.from(taken, before => values[at]?.[before] ?? Number.NaN)
    return [`taken_${name}`, { type: { kind: 'float64' }, values: column }] as const
  })
  return [...columns, ['taken_rejected', stringColumn(taken.map(before => rejected[before]))]]
}

/** Missing feature values of all rows of the earlier run but these. */
async function missingOfTaken({ context, record }: StoredRunFiles, failed: readonly number[]): Promise<Record<string, number>> {
  const { database, populationFile, prediction, plan, assembly } = context
  const all = reportOf(record)?.missing ?? {}
  if (failed.length === 0) return { ...all }
  const numbers = Int32Array.from(failed)
  const rows = someRows(await readPopulation(database, populationFile, prediction, plan.asOfUs, 0, plan.population.rows), numbers)
  const origins = await originsOf(context, 0, plan.population.rows)
  const vectors = await RowVectors.open(context)
  const columns = await vectors.columns(rows, origins === undefined ? undefined : numbers.map(row => origins[row] as number))
  const missing = (column: Float64Array) => column.reduce((count, value) => (Number.isNaN(value) ? count + 1 : count), 0)
  return Object.fromEntries(assembly.vector.names.map((name, i) => [name, (all[name] ?? 0) - missing(columns[i] as Float64Array)]))
}

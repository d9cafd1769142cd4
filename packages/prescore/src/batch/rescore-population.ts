/** The rows of a rescored run: those of the earlier one, and with `missing` the keys that have come, each taken over or to be computed. */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PrescoreError } from '../base/index.ts'
import { type Chunk, type Column, type NumberColumn, stringColumn, takeRows } from '../expressions/index.ts'
import { columnBuffer, valueNames } from '../history/index.ts'
import { type ColumnKinds, type Database, writeParquet } from '../parquet/index.ts'
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
  const { earlier, of, now, folder, database } = request
  const before = await readEarlier(earlier)
  const order = sortedKeys(now.index)
  const merged = mergeOf(
    before,
    Array.from(order, number => now.index.bytes(number)),
    of,
  )
  if (merged.failed.length + merged.missing === 0) return undefined
  const inputs = await mergedInputs(request, merged)
  const kinds = { ...populationKinds(earlier.context.prediction), ...takenKinds(earlier.shape.width) }
  const origins = originsFrom(earlier, merged, before.origins)
  const columns = new Map<string, Column>([
    ...inputs,
    ['taken_origin', { type: { kind: 'int64' }, values: origins.ofRow }],
    ...takenColumns(before, merged, earlier.shape.width),
  ])
  const file = `population-${randomUUID()}.parquet`
  await mkdir(folder, { recursive: true })
  const rows = await writeParquet(database, join(folder, file), kinds, [{ rows: merged.rows.length, columns }])
  const failed = merged.failed.length
  return {
    population: { file, rows },
    rescored: {
      ...of,
      rows: { failed, missing: merged.missing, taken: rows - failed - merged.missing },
      origins: origins.runs,
      missing: await missingOfTaken(earlier, merged.failed),
      dataThroughUs: earlier.record.dataThroughUs,
    },
  }
}

/** The scored rows of the earlier run, in its order. */
interface Earlier {
  readonly keys: readonly Buffer[]
  readonly rejected: readonly (string | undefined)[]
  /** By number of the value. */
  readonly values: readonly Float64Array[]
  /** Of its origins; undefined: it computed all of its rows. */
  readonly origins: Int32Array | undefined
}

async function readEarlier(earlier: StoredRunFiles): Promise<Earlier> {
  const { context, shape, record } = earlier
  const { rows } = context.plan.population
  const values = valueNames(shape.width).map(name => [name, new Float64Array(rows)] as const)
  const keys: Buffer[] = []
  const rejected: (string | undefined)[] = []
  const digest = createHash('sha256')
  for await (const chunk of runChunks(earlier, false)) {
    const codes = chunk.columns.get('rejected') as ReturnType<typeof stringColumn>
    values.forEach(([name, all]) => {
      all.set((chunk.columns.get(name) as NumberColumn).values.subarray(0, chunk.rows), keys.length)
    })
    for (const { keyBytes, line } of canonicalRows(chunk, context.prediction, shape)) {
      digest.update(line)
      keys.push(keyBytes)
    }
    for (let row = 0; row < chunk.rows; row++) rejected.push(codes.dictionary[codes.codes[row] as number])
  }
  const [found, expected] = [digest.digest('hex'), reportOf(record)?.digest]
  if (found !== expected)
    throw new PrescoreError('run_corrupt', {
      where: context.layout.folder,
      found: `rows of digest ${found.slice(0, 12)}`,
      expected: `those of ${expected?.slice(0, 12)}`,
    })
  return { keys, rejected, values: values.map(([, all]) => all), origins: await originsOf(context, 0, rows) }
}

/** A row of the new run: its number in the earlier run, in the population of now, or in both; at least one of them. */
interface MergedRow {
  readonly before: number | undefined
  readonly now: number | undefined
  readonly isTaken: boolean
}

interface Merged {
  readonly rows: readonly MergedRow[]
  /** Numbers in the earlier run. */
  readonly failed: readonly number[]
  readonly missing: number
}

/** Both in the order of their keys' bytes. */
function mergeOf({ keys, rejected }: Earlier, nowKeys: readonly Buffer[], { only }: RescoredOf): Merged {
  const rows: MergedRow[] = []
  const failed: number[] = []
  let missing = 0
  for (let before = 0, now = 0; before < keys.length || now < nowKeys.length; ) {
    const order = orderOf(keys[before], nowKeys[now])
    if (order <= 0) {
      const isTaken = !only.includes('failed') || rejected[before] === undefined
      if (!isTaken) failed.push(before)
      rows.push({ before, now: order === 0 ? now : undefined, isTaken })
    } else if (only.includes('missing')) {
      missing++
      rows.push({ before: undefined, now, isTaken: false })
    }
    if (order <= 0) before++
    if (order >= 0) now++
  }
  return { rows, failed, missing }
}

function orderOf(before: Buffer | undefined, now: Buffer | undefined): number {
  if (before === undefined) return 1
  return now === undefined ? -1 : Buffer.compare(before, now)
}

/** Keys and inputs: of a row taken over as they were, of one to be computed as they are now, if the population still has it. */
async function mergedInputs({ database, earlier, now }: MergeRequest, { rows }: Merged): Promise<readonly (readonly [string, Column])[]> {
  const { context } = earlier
  const kinds = populationKinds(context.prediction)
  const old = await readRows(database, context.populationFile, kinds, { from: 0, to: context.plan.population.rows })
  const current = await throughFile(database, earlier, kinds, now)
  const at = Int32Array.from(rows, row =>
    row.before === undefined || (!row.isTaken && row.now !== undefined) ? old.rows + (row.now as number) : row.before,
  )
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

/** Where each row is computed, as the plan lists it: rows that the earlier run took over itself keep their origin. */
function originsFrom({ record, context }: StoredRunFiles, { rows }: Merged, origins?: Int32Array): { runs: string[]; ofRow: Float64Array } {
  const runs: string[] = []
  const numberOf = (run: string) => (runs.includes(run) ? runs.indexOf(run) : runs.push(run) - 1) + 1
  const ofRow = Float64Array.from(rows, ({ before, isTaken }) => {
    if (!isTaken) return 0
    const origin = origins?.[before as number] ?? 0
    return numberOf(origin === 0 ? record.id : (context.plan.rescored?.origins[origin - 1] as string))
  })
  return { runs, ofRow }
}

function takenColumns({ values, rejected }: Earlier, { rows }: Merged, width: number): readonly (readonly [string, Column])[] {
  const of = <T>(row: MergedRow, taken: (before: number) => T, otherwise: T): T => (row.isTaken ? taken(row.before as number) : otherwise)
  const columns = valueNames(width).map((name, at) => {
    const column = Float64Array.from(rows, row => of(row, before => values[at]?.[before] as number, Number.NaN))
    return [`taken_${name}`, { type: { kind: 'float64' }, values: column }] as const
  })
  return [...columns, ['taken_rejected', stringColumn(rows.map(row => of(row, before => rejected[before], undefined)))]]
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

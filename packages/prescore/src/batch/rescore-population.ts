/**
 * The rows of a rescored run: those of the earlier one, and with `missing` the keys that have come, each taken over or to be computed.
 * Both are read in the order of their keys, some rows at a time.
 */
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PrescoreError, removeScratch, scratchFolder } from '../base/index.ts'
import { type Chunk, type Column, type NumberColumn, type StringColumn, stringColumn, takeRows } from '../expressions/index.ts'
import { columnBuffer, valueNames } from '../history/index.ts'
import { type ColumnKinds, type Database, writeParquet } from '../parquet/index.ts'
import { type MergedBlock, MergedRows } from './merged-rows.ts'
import { RowVectors } from './origins.ts'
import type { RescoredPopulation } from './plan.ts'
import { type PopulationRows, populationKinds, sortedKeys, writePopulation } from './population.ts'
import { reportOf } from './report.ts'
import type { RescoredOf } from './rescored.ts'
import { RowStream } from './row-stream.ts'
import { populationChunk } from './rows.ts'
import { someRows, takenKinds } from './stages/taken.ts'
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

/** Keys that have come, in memory at once. */
const BLOCK_ROWS = 65_536

/** @returns undefined, with nothing written, where no row is to be computed. @throws PrescoreError `run_corrupt` for a damaged earlier run */
export async function mergedPopulation(request: MergeRequest): Promise<RescoredPopulation | undefined> {
  const { earlier, of, folder, database, now } = request
  const { context, shape, record } = earlier
  const scratch = scratchFolder('prescore-rescore-')
  const file = `population-${randomUUID()}.parquet`
  const path = join(folder, file)
  let isKept = false
  await mkdir(folder, { recursive: true })
  try {
    // The population as a run of its own would have recorded and read it.
    const current = join(scratch, 'population.parquet')
    const order = sortedKeys(now.index)
    await writePopulation(current, context.prediction, now, order)
    const merging = new Merging(request, current, order)
    const kinds = { ...populationKinds(context.prediction), ...takenKinds(shape.width) }
    const rows = await writeParquet(database, path, kinds, merging.chunks())
    const { counts, origins, missing } = merging
    isKept = counts.failed + counts.missing > 0
    if (!isKept) return undefined
    return { population: { file, rows }, rescored: { ...of, rows: counts, origins, missing, dataThroughUs: record.dataThroughUs } }
  } finally {
    await removeScratch(scratch)
    if (!isKept) {
      await rm(path, { force: true })
      // Another plan may be there.
      await rmdir(folder).catch(() => undefined)
    }
  }
}

/** Some rows of the earlier run: as they were scored, and as its population has them. */
interface EarlierRows {
  readonly scored: Chunk
  readonly population: Chunk
}

class Merging {
  readonly #request: MergeRequest
  readonly #now: RowStream
  readonly #before: RowStream
  readonly #merged: MergedRows
  /** The runs that computed what is taken over. */
  readonly origins: string[] = []
  /** Missing feature values of the rows taken over. */
  readonly missing: Record<string, number>

  /** @param current the file of the population as it is now, in this order */
  constructor(request: MergeRequest, current: string, order: Int32Array) {
    const { earlier, database, now, of } = request
    const { context, record } = earlier
    const kinds = populationKinds(context.prediction)
    const origin: ColumnKinds = context.plan.rescored === undefined ? {} : { taken_origin: 'int64' }
    this.#request = request
    this.#now = new RowStream(database, current, kinds)
    this.#before = new RowStream(database, context.populationFile, { ...kinds, ...origin })
    this.#merged = new MergedRows(order.length, row => now.index.bytes(order[row] as number), of)
    this.missing = { ...reportOf(record)?.missing }
  }

  get counts(): MergedRows['rows'] {
    return this.#merged.rows
  }

  /** @throws PrescoreError `run_corrupt`, at the end, where the earlier run's rows are not those of its digest */
  async *chunks(): AsyncGenerator<Chunk> {
    const { earlier } = this.#request
    const { context, shape, record } = earlier
    const merged = this.#merged
    const digest = createHash('sha256')
    let rows: EarlierRows | undefined
    try {
      for await (const scored of runChunks(earlier, false)) {
        rows = { scored, population: await this.#before.take(scored.rows) }
        const { codes } = scored.columns.get('rejected') as StringColumn
        const failed: number[] = []
        let row = 0
        for (const { keyBytes, line } of canonicalRows(scored, context.prediction, shape)) {
          digest.update(line)
          while (merged.comesBefore(keyBytes)) if (merged.come() >= BLOCK_ROWS) yield await this.#chunk(merged.block(), rows)
          if (merged.add(keyBytes, row, (codes[row] as number) >= 0)) failed.push(row)
          row++
        }
        await this.#forgetMissing(rows, failed)
        yield await this.#chunk(merged.block(), rows)
      }
      while (merged.comesBefore()) if (merged.come() >= BLOCK_ROWS) yield await this.#chunk(merged.block(), rows as EarlierRows)
      if (rows !== undefined) yield await this.#chunk(merged.block(), rows)
    } finally {
      await Promise.all([this.#now.close(), this.#before.close()])
    }
    const [found, expected] = [digest.digest('hex').slice(0, 12), reportOf(record)?.digest.slice(0, 12)]
    if (found !== expected)
      throw new PrescoreError('run_corrupt', {
        where: context.layout.folder,
        found: `rows of digest ${found}`,
        expected: `those of ${expected}`,
      })
  }

  /** Keys and inputs: of a row taken over as they were, of one to be computed as they are now, if the population still has it. */
  async #chunk({ at, isTaken, now }: MergedBlock, { scored, population }: EarlierRows): Promise<Chunk> {
    const { prediction } = this.#request.earlier.context
    const current = await this.#now.take(now)
    const places = at.map(row => (row < 0 ? population.rows - 1 - row : row))
    const columns = Object.entries(populationKinds(prediction)).map(([name, kind]) => {
      const buffer = columnBuffer({ kind })
      for (const chunk of [population, current]) buffer.append(chunk.columns.get(name) as Column, everyRow(chunk))
      return [name, takeRows(buffer.column(), places)] as const
    })
    const taken = at.map((row, i) => (isTaken[i] === true ? row : -1))
    const all = [...columns, ['taken_origin', this.#origins(population, taken)] as const, ...this.#takenColumns(scored, taken)]
    return { rows: at.length, columns: new Map<string, Column>(all) }
  }

  /** Where each row is computed, as the plan will list it: rows that the earlier run took over itself keep their origin. */
  #origins({ columns }: Chunk, taken: readonly number[]): Column {
    const { record, context } = this.#request.earlier
    const earlier = columns.get('taken_origin') as NumberColumn | undefined
    const values = Float64Array.from(taken, row => {
      if (row < 0) return 0
      const origin = earlier?.values[row] ?? 0
      return this.#numberOf(origin === 0 ? record.id : (context.plan.rescored?.origins[origin - 1] as string))
    })
    return { type: { kind: 'int64' }, values }
  }

  #numberOf(run: string): number {
    const { origins } = this
    return (origins.includes(run) ? origins.indexOf(run) : origins.push(run) - 1) + 1
  }

  /** Nothing for rows that are to be computed. */
  #takenColumns({ columns }: Chunk, taken: readonly number[]): readonly (readonly [string, Column])[] {
    const values = valueNames(this.#request.earlier.shape.width).map(name => {
      const { values } = columns.get(name) as NumberColumn
      const column = Float64Array.from(taken, row => values[row] ?? Number.NaN)
      return [`taken_${name}`, { type: { kind: 'float64' }, values: column }] as const
    })
    const { codes, dictionary } = columns.get('rejected') as StringColumn
    return [...values, ['taken_rejected', stringColumn(taken.map(row => dictionary[codes[row] as number]))]]
  }

  /** Of the rows that are computed anew, what was missing counts no more. */
  async #forgetMissing({ population }: EarlierRows, failed: readonly number[]): Promise<void> {
    if (failed.length === 0) return
    const { context } = this.#request.earlier
    const rows = someRows(population, Int32Array.from(failed))
    const origins = rows.columns.get('taken_origin') as NumberColumn | undefined
    const vectors = await RowVectors.open(context)
    const typed = populationChunk(rows, context.prediction, context.plan.asOfUs)
    const columns = await vectors.columns(typed, origins && Int32Array.from(origins.values))
    context.assembly.vector.names.forEach((name, i) => {
      const values = columns[i] as Float64Array
      this.missing[name] = (this.missing[name] ?? 0) - values.reduce((count, value) => (Number.isNaN(value) ? count + 1 : count), 0)
    })
  }
}

function everyRow({ rows }: Chunk): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => row)
}

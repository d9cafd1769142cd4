/**
 * Rows that a rescored run takes over. Its population's file holds them: `taken_origin` says where each row was computed (0: in
 * this run; n: in the n-th of the plan's origins), and `taken_value` (or `taken_value_0` …) and `taken_rejected` what it came to.
 */
import { type Chunk, type NumberColumn, type StringColumn, takeRows } from '../../expressions/index.ts'
import { type ScoredRows, valueNames } from '../../history/index.ts'
import type { ColumnKinds } from '../../parquet/index.ts'
import type { RunContext } from '../context.ts'
import { readRows } from '../rows.ts'

type Place = Pick<RunContext, 'database' | 'populationFile' | 'plan'>

export function takenKinds(width: number): ColumnKinds {
  const values = valueNames(width).map(name => [`taken_${name}`, 'float64'] as const)
  return { taken_origin: 'int64', ...Object.fromEntries(values), taken_rejected: 'string' }
}

/** Where rows [from, to) were computed; undefined: all of them in this run. @throws PrescoreError `run_corrupt` */
export async function originsOf({ database, populationFile, plan }: Place, from: number, to: number): Promise<Int32Array | undefined> {
  if (plan.rescored === undefined) return undefined
  const { columns } = await readRows(database, populationFile, { taken_origin: 'int64' }, [[from, to]])
  return Int32Array.from((columns.get('taken_origin') as NumberColumn).values)
}

/** The numbers of the rows that were computed in a place. */
export function rowsOfOrigin(origins: Int32Array, origin: number): Int32Array {
  return Int32Array.from(origins.keys()).filter(row => origins[row] === origin)
}

/** Some rows of a chunk. */
export function someRows(chunk: Chunk, rows: Int32Array): Chunk {
  return { rows: rows.length, columns: new Map([...chunk.columns].map(([name, column]) => [name, takeRows(column, rows)] as const)) }
}

/** Rows of which some are to be computed, and the others are there. */
export interface TakenRows {
  readonly open: Int32Array
  readonly taken: number
  /** All rows: those that were open as they were scored now. */
  merged(scored: ScoredRows): ScoredRows
}

/** Undefined in a run that takes nothing over. @throws PrescoreError `run_corrupt` */
export async function readTaken(place: Place, width: number, from: number, to: number): Promise<TakenRows | undefined> {
  const origins = await originsOf(place, from, to)
  if (origins === undefined) return undefined
  const { columns } = await readRows(place.database, place.populationFile, takenKinds(width), [[from, to]])
  const earlier = valueNames(width).map(name => (columns.get(`taken_${name}`) as NumberColumn).values)
  const { codes, dictionary } = columns.get('taken_rejected') as StringColumn
  const open = rowsOfOrigin(origins, 0)
  return {
    open,
    taken: origins.length - open.length,
    merged: ({ values, rejected, missing }) => {
      const all = new Float64Array(origins.length * width)
      const reasons = Array.from(codes, code => dictionary[code]) as ScoredRows['rejected'][number][]
      earlier.forEach((column, at) => column.forEach((value, row) => (all[row * width + at] = value)))
      open.forEach((row, i) => {
        reasons[row] = rejected[i]
        all.set(values.subarray(i * width, (i + 1) * width), row * width)
      })
      return { values: all, rejected: reasons, missing }
    },
  }
}

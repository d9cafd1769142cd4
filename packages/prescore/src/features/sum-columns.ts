/** What is written of the sums of a window. */
import type { Crossings } from './crossings.ts'
import { mean, variance } from './moments.ts'
import type { Sum } from './sum.ts'

/** By query row; what is undefined is not computed. */
export interface SumColumns {
  readonly count: Float64Array | undefined
  readonly sum: Float64Array | undefined
  readonly mean: Float64Array | undefined
  readonly std: Float64Array | undefined
}

export interface SumWindow {
  readonly exits: Crossings
  readonly columns: SumColumns
}

/** The sums need hold only what the columns ask for. */
export function writeSums(columns: SumColumns, row: number, count: number, sum: Sum, squares: Sum): void {
  if (columns.count !== undefined) columns.count[row] = count
  if (columns.sum !== undefined) columns.sum[row] = sum.value()
  if (columns.mean !== undefined) columns.mean[row] = mean(sum, count)
  if (columns.std !== undefined) columns.std[row] = Math.sqrt(variance(sum, squares, count))
}

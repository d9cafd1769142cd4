/** The numbers of chunks, to be compared. */
import type { Chunk, Column, NumberColumn } from '../../src/expressions/index.ts'

/** By column; missing numbers are NaN, and what a double does not hold is exact. */
export type Values = Map<string, (number | bigint)[]>

export async function valuesOf(chunks: AsyncIterable<Chunk>): Promise<Values> {
  const all: Values = new Map()
  for await (const { rows, columns } of chunks) {
    for (const [name, column] of columns) {
      const values = all.get(name) ?? []
      for (let row = 0; row < rows; row++) values.push(valueAt(column, row))
      all.set(name, values)
    }
  }
  return all
}

function valueAt(column: Column, row: number): number | bigint {
  const { values, exact } = column as NumberColumn
  const value = values[row] as number
  return exact === undefined || Number.isNaN(value) || Number.isSafeInteger(value) ? value : (exact[row] as bigint)
}

/** The values of chunks, to be compared. */
import { type Chunk, type Column, isStringColumn, type NumberColumn } from '../../src/expressions/index.ts'

/** Of a column: a missing number is NaN, a missing text undefined, and what a double does not hold is exact. */
export type Value = number | bigint | string | undefined
/** By column. */
export type Values = Map<string, Value[]>

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

function valueAt(column: Column, row: number): Value {
  if (isStringColumn(column)) return column.dictionary[column.codes[row] as number]
  const { values, exact } = column as NumberColumn
  const value = values[row] as number
  return exact === undefined || Number.isNaN(value) || Number.isSafeInteger(value) ? value : (exact[row] as bigint)
}

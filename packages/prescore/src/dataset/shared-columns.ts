/** Columns of numbers in memory that threads share: many write their rows of it, and one reads them all, without a copy in between. */

/** Plain data. */
export interface SharedColumns {
  readonly rows: number
  readonly memory: SharedArrayBuffer
}

export function sharedColumns(rows: number, columns: number): SharedColumns {
  return { rows, memory: new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT * rows * columns) }
}

/** By column. */
export function valuesOf({ rows, memory }: SharedColumns, columns: number): readonly Float64Array[] {
  return Array.from({ length: columns }, (_, i) => new Float64Array(memory, Float64Array.BYTES_PER_ELEMENT * rows * i, rows))
}

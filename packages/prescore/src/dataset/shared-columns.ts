/** Columns of numbers in memory that threads share: many write their rows of it, and one reads them all, without a copy in between. */

/** Plain data. */
export interface SharedColumns {
  readonly rows: number
  readonly memory: SharedArrayBuffer
  /** Where they begin in it. */
  readonly fromByte: number
}

export function columnsBytes(rows: number, columns: number): number {
  return Float64Array.BYTES_PER_ELEMENT * rows * columns
}

/** In one piece of memory, which is let go of with the last of them. @param sizes how many rows and columns each has */
export function sharedColumns(sizes: readonly (readonly [rows: number, columns: number])[]): readonly SharedColumns[] {
  const memory = new SharedArrayBuffer(sizes.reduce((bytes, [rows, columns]) => bytes + columnsBytes(rows, columns), 0))
  let end = 0
  return sizes.map(([rows, columns]) => {
    const fromByte = end
    end += columnsBytes(rows, columns)
    return { rows, memory, fromByte }
  })
}

/** By column. */
export function valuesOf({ rows, memory, fromByte }: SharedColumns, columns: number): readonly Float64Array[] {
  return Array.from({ length: columns }, (_, i) => new Float64Array(memory, fromByte + columnsBytes(rows, i), rows))
}

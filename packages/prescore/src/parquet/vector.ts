/** What we use of DuckDB's vectors beyond their declared face: the memory behind the values, so that none becomes an object. */

export interface Vector {
  /** Of numbers. */
  readonly items: Float64Array | Float32Array | BigInt64Array
  /** Of booleans (a byte each) and texts (four 32-bit words each). */
  readonly dataView: DataView
  readonly validity: { readonly data: BigUint64Array | null; setItemValid(row: number, valid: boolean): void }
  getItem(row: number): unknown
  setItem(row: number, value: unknown): void
  flush(): void
}

/** A bit for each row, set where it has a value; undefined: all rows have one. */
export function validBits({ validity: { data } }: Vector): Uint32Array | undefined {
  return data === null ? undefined : new Uint32Array(data.buffer, data.byteOffset, 2 * data.length)
}

export function isMissing(bits: Uint32Array, row: number): boolean {
  return (((bits[row >>> 5] as number) >>> (row & 31)) & 1) === 0
}

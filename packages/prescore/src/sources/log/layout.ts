/**
 * How the bytes of one event lie. All numbers are little-endian.
 *
 *     bitmap        1 bit a column, set where the value is missing; column i is bit i mod 8 of byte i div 8,
 *                   and the bits that are left over are set
 *     numbers       8 bytes for each column that is not a string: int64 as such, all others as a double
 *                   (booleans 1 and 0, timestamps µs in UTC); 0 where missing
 *     lengths       4 bytes for each string: the bytes of its text; 0 where missing
 *     texts         UTF-8, one after another, without a terminator
 *
 * Within each part, columns come in the order of the layout. So the first part of all rows of a layout has one width.
 */
import type { ColumnKind } from '../../project/index.ts'

/** Names and kinds in the order of the declaration: what a log records of a layout. */
export type LayoutColumns = readonly (readonly [name: string, kind: ColumnKind])[]

export interface LayoutColumn {
  readonly name: string
  readonly kind: ColumnKind
  /** Its bit in the bitmap. */
  readonly index: number
  /** Where its number or length stands, from the row's start. */
  readonly at: number
}

export class Layout {
  /** Under which the log recorded it. */
  readonly number: number
  readonly columns: readonly LayoutColumn[]
  readonly texts: readonly LayoutColumn[]
  /** Bytes of bitmap, numbers and lengths: where the first text begins. */
  readonly fixedBytes: number
  readonly bitmapBytes: number
  readonly #byName: ReadonlyMap<string, LayoutColumn>

  constructor(number: number, columns: LayoutColumns) {
    const bitmapBytes = Math.ceil(columns.length / 8)
    const numbers = columns.filter(([, kind]) => kind !== 'string')
    const texts = columns.filter(([, kind]) => kind === 'string')
    const lengthsAt = bitmapBytes + 8 * numbers.length
    const offsets = new Map([
      ...numbers.map(([name], i) => [name, bitmapBytes + 8 * i] as const),
      ...texts.map(([name], i) => [name, lengthsAt + 4 * i] as const),
    ])
    this.number = number
    this.columns = columns.map(([name, kind], index) => ({ name, kind, index, at: offsets.get(name) as number }))
    this.texts = this.columns.filter(({ kind }) => kind === 'string')
    this.bitmapBytes = bitmapBytes
    this.fixedBytes = lengthsAt + 4 * texts.length
    this.#byName = new Map(this.columns.map(column => [column.name, column]))
  }

  column(name: string): LayoutColumn | undefined {
    return this.#byName.get(name)
  }

  /** Where each of some rows that lie one after another begins; the last number is where the last row ends. */
  rowStarts(bytes: Buffer, from: number, rows: number): Uint32Array {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const lengths = Uint32Array.from(this.texts, ({ at }) => at)
    const starts = new Uint32Array(rows + 1)
    let at = from
    for (let i = 0; i < rows; i++) {
      starts[i] = at
      let end = at + this.fixedBytes
      for (let k = 0; k < lengths.length; k++) end += view.getUint32(at + (lengths[k] as number), true)
      at = end
    }
    starts[rows] = at
    return starts
  }

  /** Where the text of a string column begins. */
  textStart(bytes: Buffer, row: number, column: LayoutColumn): number {
    let start = row + this.fixedBytes
    for (const text of this.texts) {
      if (text === column) break
      start += bytes.readUInt32LE(row + text.at)
    }
    return start
  }
}

export function isMissing(bytes: Buffer, row: number, { index }: LayoutColumn): boolean {
  return (((bytes[row + (index >> 3)] as number) >> (index & 7)) & 1) === 1
}

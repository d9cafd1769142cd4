/** Columns that come in pieces, each of some rows. */
import {
  type Column,
  Dictionary,
  isStringColumn,
  type NumberColumn,
  type StringColumn,
  takeRows,
  type ValueType,
} from '../expressions/index.ts'

/** The same columns, of these rows. */
export interface Piece {
  readonly rows: Int32Array
  readonly columns: readonly Column[]
}

export function pieceBytes({ rows, columns }: Piece): number {
  return rows.length * 4 + columnsBytes(columns)
}

export function columnsBytes(columns: readonly Column[]): number {
  return columns.reduce((bytes, column) => bytes + columnBytes(column), 0)
}

function columnBytes(column: Column): number {
  if (isStringColumn(column)) return 4 * column.codes.length + column.dictionary.reduce((bytes, text) => bytes + 2 * text.length + 16, 0)
  return (column.exact === undefined ? 8 : 16) * column.values.length
}

/** The columns of rows 0 to `rows` − 1, each of them in one of the pieces. */
export function whole(pieces: readonly Piece[], types: readonly ValueType[], rows: number): readonly Column[] {
  const [only] = pieces
  if (only !== undefined && only.rows.length === rows && isAscending(only.rows)) return only.columns
  return types.map((type, at) => {
    const parts = pieces.map(({ rows: of, columns }) => ({ of, column: columns[at] as Column }))
    return type.kind === 'string' ? textsOf(type, parts, rows) : numbersOf(type, parts, rows)
  })
}

function isAscending(rows: Int32Array): boolean {
  for (let i = 1; i < rows.length; i++) if ((rows[i] as number) < (rows[i - 1] as number)) return false
  return true
}

interface Part {
  readonly of: Int32Array
  readonly column: Column
}

function numbersOf(type: ValueType, parts: readonly Part[], rows: number): NumberColumn {
  const values = new Float64Array(rows)
  const isExact = parts.some(({ column }) => 'exact' in column && column.exact !== undefined)
  const exact = isExact ? new BigInt64Array(rows) : undefined
  for (const { of, column } of parts) {
    const { values: some, exact: digits } = column as NumberColumn
    for (let i = 0; i < of.length; i++) {
      const value = some[i] as number
      values[of[i] as number] = value
      if (exact !== undefined) exact[of[i] as number] = digits?.[i] ?? (Number.isNaN(value) ? 0n : BigInt(value))
    }
  }
  return exact === undefined ? { type, values } : { type, values, exact }
}

function textsOf(type: ValueType, parts: readonly Part[], rows: number): StringColumn {
  const codes = new Int32Array(rows).fill(-1)
  const dictionary = new Dictionary()
  for (const { of, column } of parts) {
    const texts = column as StringColumn
    const own = texts.dictionary.map(text => dictionary.code(text))
    for (let i = 0; i < of.length; i++) {
      const code = texts.codes[i] as number
      if (code >= 0) codes[of[i] as number] = own[code] as number
    }
  }
  return { type, codes, dictionary: dictionary.texts }
}

/** Some rows of a column, in arrays of their own, with no texts but theirs. */
export function compacted(column: Column, rows: Int32Array): Column {
  const taken = takeRows(column, rows)
  if (!isStringColumn(taken)) return taken
  const codeOf = new Int32Array(taken.dictionary.length).fill(-1)
  const dictionary: string[] = []
  const { codes } = taken
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] as number
    if (code < 0) continue
    if (codeOf[code] === -1) codeOf[code] = dictionary.push(taken.dictionary[code] as string) - 1
    codes[i] = codeOf[code] as number
  }
  return { ...taken, dictionary }
}

/** What another thread can take over of columns, and arrays beside them, that are not needed here any more. */
export function buffersOf(columns: readonly Column[], beside: readonly ArrayBufferView[] = []): ArrayBuffer[] {
  const arrays: ArrayBufferView[] = columns.flatMap((column): ArrayBufferView[] =>
    isStringColumn(column) ? [column.codes] : column.exact === undefined ? [column.values] : [column.values, column.exact],
  )
  arrays.push(...beside)
  const own = arrays.filter(({ buffer, byteLength }) => buffer instanceof ArrayBuffer && buffer.byteLength === byteLength)
  return [...new Set(own.map(({ buffer }) => buffer as ArrayBuffer))]
}

/** Bytes of rows to columns: a column at a time, without an object a row. */
import type { Column, Kind, NumberColumn, StringColumn } from '../../expressions/index.ts'
import type { ColumnKind } from '../../project/index.ts'
import { isMissing, type Layout, type LayoutColumn } from './layout.ts'
import { TextCodes } from './text-codes.ts'

/** Texts of a dictionary from which on the next chunk begins a new one, so that memory stays bounded over a long read. */
const DICTIONARY_TEXTS_MAX = 65_536
const TWO_32 = 2 ** 32

/** Some rows of one layout. */
export interface RowSpan {
  readonly layout: Layout
  readonly bytes: Buffer
  /** Where each row begins. */
  readonly starts: Uint32Array
  readonly rows: number
}

/** Reads declared columns of chunk after chunk. Chunks share dictionaries while these are small. */
export class RowDecoder {
  readonly #kinds: readonly (readonly [name: string, kind: ColumnKind])[]
  readonly #codes = new Map<string, TextCodes>()

  constructor(kinds: readonly (readonly [name: string, kind: ColumnKind])[]) {
    this.#kinds = kinds
  }

  /** The columns of all rows of the spans, as `row.<column>`; missing where a span's layout has no such column. */
  decode(spans: readonly RowSpan[]): Map<string, Column> {
    const rows = spans.reduce((sum, span) => sum + span.rows, 0)
    return new Map(this.#kinds.map(([name, kind]) => [`row.${name}`, this.#column(spans, rows, name, kind)]))
  }

  #column(spans: readonly RowSpan[], rows: number, name: string, kind: ColumnKind): Column {
    if (kind === 'string') return readTexts(spans, rows, name, this.#codesOf(name))
    return kind === 'int64' ? readIntegers(spans, rows, name) : readDoubles(spans, rows, name, kind)
  }

  #codesOf(name: string): TextCodes {
    const known = this.#codes.get(name)
    if (known !== undefined && known.texts.length <= DICTIONARY_TEXTS_MAX) return known
    const codes = new TextCodes()
    this.#codes.set(name, codes)
    return codes
  }
}

/** Calls `read` for each row that has a value of the column. */
function eachValue(spans: readonly RowSpan[], name: string, read: (span: RowSpan, column: LayoutColumn, from: number) => void): void {
  let from = 0
  for (const span of spans) {
    const column = span.layout.column(name)
    if (column !== undefined) read(span, column, from)
    from += span.rows
  }
}

function readDoubles(spans: readonly RowSpan[], rows: number, name: string, kind: Kind): NumberColumn {
  const values = new Float64Array(rows).fill(Number.NaN)
  eachValue(spans, name, ({ bytes, starts, rows: count }, column, from) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < count; i++) {
      const row = starts[i] as number
      if (!isMissing(bytes, row, column)) values[from + i] = view.getFloat64(row + column.at, true)
    }
  })
  return { type: { kind }, values }
}

/** As doubles while all are safe; otherwise the exact values go along. */
function readIntegers(spans: readonly RowSpan[], rows: number, name: string): NumberColumn {
  const values = new Float64Array(rows).fill(Number.NaN)
  let safe = true
  eachValue(spans, name, ({ bytes, starts, rows: count }, column, from) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let i = 0; i < count; i++) {
      const row = starts[i] as number
      if (isMissing(bytes, row, column)) continue
      const value = view.getInt32(row + column.at + 4, true) * TWO_32 + view.getUint32(row + column.at, true)
      values[from + i] = value
      if (!Number.isSafeInteger(value)) safe = false
    }
  })
  return safe ? { type: { kind: 'int64' }, values } : { type: { kind: 'int64' }, values, exact: exactIntegers(spans, rows, name) }
}

function exactIntegers(spans: readonly RowSpan[], rows: number, name: string): BigInt64Array {
  const exact = new BigInt64Array(rows)
  eachValue(spans, name, ({ bytes, starts, rows: count }, column, from) => {
    for (let i = 0; i < count; i++) exact[from + i] = bytes.readBigInt64LE((starts[i] as number) + column.at)
  })
  return exact
}

function readTexts(spans: readonly RowSpan[], rows: number, name: string, dictionary: TextCodes): StringColumn {
  const codes = new Int32Array(rows).fill(-1)
  eachValue(spans, name, ({ layout, bytes, starts, rows: count }, column, from) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const before = layout.texts.slice(0, layout.texts.indexOf(column))
    for (let i = 0; i < count; i++) {
      const row = starts[i] as number
      if (isMissing(bytes, row, column)) continue
      let start = row + layout.fixedBytes
      for (let k = 0; k < before.length; k++) start += view.getUint32(row + (before[k] as LayoutColumn).at, true)
      codes[from + i] = dictionary.code(bytes, start, view.getUint32(row + column.at, true))
    }
  })
  return { type: { kind: 'string' }, codes, dictionary: dictionary.texts }
}

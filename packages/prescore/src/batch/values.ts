/** Scored rows as they are stored and digested: the key, and the text of the value that will be sent. */
import { type Chunk, type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import { type FloatType, valueText } from '../models/index.ts'
import { encodeKey, type Key, type KeyColumns, type KeyValue, type PredictionDefinition } from '../project/index.ts'

export interface CanonicalRow {
  readonly keyBytes: Buffer
  readonly key: Key
  /** The key as JSON. */
  readonly keyText: string
  /** Undefined for a rejected row. */
  readonly valueText: string | undefined
  /** The inputs that the value was computed with; undefined where the prediction has none, and for a row whose inputs were refused. */
  readonly inputsText: string | undefined
  /** What the digest is of: `<key>\t<value>\n` (`<key>\t<inputs>\t<value>\n` with inputs), or `<key>\t!<code>\n` for a rejected row. */
  readonly line: string
}

/** What of a model decides how values are written. */
export interface ValueShape {
  readonly outputType: FloatType
  readonly width: number
}

/** The rows of a chunk with columns `key_*`, `value` (or `value_0` …), `rejected`, and `inputs` where there are some, in its order. */
export function canonicalRows(
  chunk: Chunk,
  { entity = {} }: Pick<PredictionDefinition, 'entity'>,
  shape: ValueShape,
): readonly CanonicalRow[] {
  const keys = new RowKeys(chunk, entity)
  const text = textReader(chunk, shape)
  const rejected = chunk.columns.get('rejected') as StringColumn
  const inputs = chunk.columns.get('inputs') as StringColumn | undefined
  const rows: CanonicalRow[] = []
  for (let i = 0; i < chunk.rows; i++) {
    const code = rejected.codes[i] as number
    const given = inputs?.dictionary[inputs.codes[i] as number]
    rows.push(new Row(keys, i, code < 0 ? text(i) : undefined, given, code < 0 ? '' : (rejected.dictionary[code] as string)))
  }
  return rows
}

class Row implements CanonicalRow {
  readonly keyBytes: Buffer
  readonly keyText: string
  readonly valueText: string | undefined
  readonly inputsText: string | undefined
  readonly line: string
  readonly #keys: RowKeys
  readonly #row: number

  constructor(keys: RowKeys, row: number, valueText: string | undefined, inputsText: string | undefined, code: string) {
    this.#keys = keys
    this.#row = row
    this.keyBytes = keys.bytes(row)
    this.keyText = keys.text(row)
    this.valueText = valueText
    this.inputsText = inputsText
    this.line = `${this.keyText}\t${inputsText === undefined ? '' : `${inputsText}\t`}${valueText ?? `!${code}`}\n`
  }

  /** Few ask for it. */
  get key(): Key {
    return { ...this.#keys.at(this.#row) }
  }
}

/** The column of inputs, in predictions that have some. */
export function inputsKind({ inputs }: Pick<PredictionDefinition, 'inputs'>): { readonly inputs?: 'string' } {
  return Object.keys(inputs).length === 0 ? {} : { inputs: 'string' }
}

/** The keys of a chunk's rows. */
class RowKeys {
  readonly #entity: KeyColumns
  readonly #columns: readonly (readonly [name: string, at: (row: number) => KeyValue, member: (row: number) => string])[]
  /** The key at hand: one for all rows, so that none needs an object of its own. */
  readonly #key: Record<string, KeyValue>

  constructor(chunk: Chunk, entity: KeyColumns) {
    this.#entity = entity
    this.#columns = Object.keys(entity).map(name => {
      const column = (chunk.columns.get(`key_${name}`) ?? chunk.columns.get(`key.${name}`)) as Column
      return [name, valueReader(column), memberReader(name, column)] as const
    })
    this.#key = Object.fromEntries(Object.keys(entity).map(name => [name, 0]))
  }

  /** The values, until the next are asked for. */
  at(row: number): Key {
    for (const [name, at] of this.#columns) this.#key[name] = at(row)
    return this.#key
  }

  bytes(row: number): Buffer {
    return encodeKey(this.#entity, this.at(row))
  }

  /** As `keyJson` gives it. */
  text(row: number): string {
    let members = ''
    for (const [, , member] of this.#columns) members += members === '' ? member(row) : `,${member(row)}`
    return `{${members}}`
  }
}

function valueReader(column: Column): (row: number) => KeyValue {
  if (isStringColumn(column)) return row => column.dictionary[column.codes[row] as number] as string
  const { values, exact } = column
  return row => (exact === undefined || Number.isSafeInteger(values[row]) ? (values[row] as number) : (exact[row] as bigint))
}

function memberReader(name: string, column: Column): (row: number) => string {
  const before = `${JSON.stringify(name)}:`
  const value = valueReader(column)
  return isStringColumn(column) ? row => before + JSON.stringify(value(row)) : row => before + value(row)
}

function textReader(chunk: Chunk, { outputType, width }: ValueShape): (row: number) => string {
  const columns = valueNames(width).map(name => (chunk.columns.get(name) as NumberColumn).values)
  const [only] = columns
  if (width === 1) return row => valueText((only as Float64Array)[row] as number, outputType)
  return row => `[${columns.map(values => valueText(values[row] as number, outputType)).join(',')}]`
}

/** Scored rows as they are stored and digested: the key, and the text of the value that will be sent. */
import { type Chunk, type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import { type FloatType, valueText } from '../models/index.ts'
import { encodeKey, type Key, type KeyColumns, type KeyValue, keyValueJson, type PredictionDefinition } from '../project/index.ts'

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
  const texts = new RowTexts(chunk, entity, shape)
  return Array.from({ length: chunk.rows }, (_, row) => new Row(texts, row))
}

class Row implements CanonicalRow {
  readonly keyBytes: Buffer
  readonly keyText: string
  readonly valueText: string | undefined
  readonly inputsText: string | undefined
  readonly line: string
  readonly #keys: RowKeys
  readonly #row: number

  constructor(texts: RowTexts, row: number) {
    this.#keys = texts.keys
    this.#row = row
    this.keyBytes = texts.keys.bytes(row)
    this.keyText = texts.keys.text(row)
    this.valueText = texts.value(row)
    this.inputsText = texts.inputs(row)
    this.line = texts.line(row, this.keyText, this.valueText, this.inputsText)
  }

  /** Few ask for it. */
  get key(): Key {
    return { ...this.#keys.at(this.#row) }
  }
}

/** What stands for the rows of a chunk, each told when it is asked for. */
class RowTexts {
  readonly keys: RowKeys
  readonly #text: (row: number) => string
  readonly #rejected: StringColumn
  readonly #inputs: StringColumn | undefined

  constructor(chunk: Chunk, entity: KeyColumns, shape: ValueShape) {
    this.keys = new RowKeys(chunk, entity)
    this.#text = textReader(chunk, shape)
    this.#rejected = chunk.columns.get('rejected') as StringColumn
    this.#inputs = chunk.columns.get('inputs') as StringColumn | undefined
  }

  /** Undefined for a rejected row. */
  value(row: number): string | undefined {
    return (this.#rejected.codes[row] as number) < 0 ? this.#text(row) : undefined
  }

  inputs(row: number): string | undefined {
    return this.#inputs?.dictionary[this.#inputs.codes[row] as number]
  }

  line(row: number, key: string, value: string | undefined, inputs: string | undefined): string {
    const said = value ?? `!${this.#rejected.dictionary[this.#rejected.codes[row] as number]}`
    return inputs === undefined ? `${key}\t${said}\n` : `${key}\t${inputs}\t${said}\n`
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

/** `"name":value`, as `keyJson` writes it. */
function memberReader(name: string, column: Column): (row: number) => string {
  const before = `${JSON.stringify(name)}:`
  const value = valueReader(column)
  return row => before + keyValueJson(value(row))
}

function textReader(chunk: Chunk, { outputType, width }: ValueShape): (row: number) => string {
  const columns = valueNames(width).map(name => (chunk.columns.get(name) as NumberColumn).values)
  const [only] = columns
  if (width === 1) return row => valueText((only as Float64Array)[row] as number, outputType)
  return row => `[${columns.map(values => valueText(values[row] as number, outputType)).join(',')}]`
}

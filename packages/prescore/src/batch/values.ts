/** Scored rows as they are stored and digested: the key, and the text of the value that will be sent. */
import type { Chunk, NumberColumn, StringColumn } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import { type FloatType, valueText } from '../models/index.ts'
import { encodeKey, type Key, type KeyColumns, type KeyValue, keyJson, type PredictionDefinition } from '../project/index.ts'

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
export function* canonicalRows(
  chunk: Chunk,
  { entity = {} }: Pick<PredictionDefinition, 'entity'>,
  shape: ValueShape,
): Generator<CanonicalRow> {
  const keys = keyReader(chunk, entity)
  const text = textReader(chunk, shape)
  const rejected = chunk.columns.get('rejected') as StringColumn
  const inputs = chunk.columns.get('inputs') as StringColumn | undefined
  for (let i = 0; i < chunk.rows; i++) {
    const key = keys(i)
    const code = rejected.codes[i] as number
    const value = code < 0 ? text(i) : undefined
    const given = inputs?.dictionary[inputs.codes[i] as number]
    const keyText = keyJson(entity, key)
    const line = `${keyText}\t${given === undefined ? '' : `${given}\t`}${value ?? `!${rejected.dictionary[code]}`}\n`
    yield { keyBytes: encodeKey(entity, key), key, keyText, valueText: value, inputsText: given, line }
  }
}

/** The column of inputs, in predictions that have some. */
export function inputsKind({ inputs }: Pick<PredictionDefinition, 'inputs'>): { readonly inputs?: 'string' } {
  return Object.keys(inputs).length === 0 ? {} : { inputs: 'string' }
}

function keyReader(chunk: Chunk, entity: KeyColumns): (row: number) => Key {
  const readers = Object.entries(entity).map(([name, kind]) => {
    const column = chunk.columns.get(`key_${name}`) ?? chunk.columns.get(`key.${name}`)
    if (kind === 'string') {
      const { codes, dictionary } = column as StringColumn
      return [name, (row: number): KeyValue => dictionary[codes[row] as number] as string] as const
    }
    const { values, exact } = column as NumberColumn
    return [
      name,
      (row: number): KeyValue =>
        exact === undefined || Number.isSafeInteger(values[row]) ? (values[row] as number) : (exact[row] as bigint),
    ] as const
  })
  return row => Object.fromEntries(readers.map(([name, read]) => [name, read(row)]))
}

function textReader(chunk: Chunk, { outputType, width }: ValueShape): (row: number) => string {
  const columns = valueNames(width).map(name => (chunk.columns.get(name) as NumberColumn).values)
  const [only] = columns
  if (width === 1) return row => valueText((only as Float64Array)[row] as number, outputType)
  return row => `[${columns.map(values => valueText(values[row] as number, outputType)).join(',')}]`
}

/** Scored rows as they are stored and digested: the key, and the text of the value that will be sent. */
import type { Chunk, NumberColumn, StringColumn } from '../expressions/index.ts'
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
export function* canonicalRows(
  chunk: Chunk,
  { entity = {} }: Pick<PredictionDefinition, 'entity'>,
  shape: ValueShape,
): Generator<CanonicalRow> {
  const keys = keyReader(chunk, entity)
  const texts = new RowTexts(chunk, entity, shape)
  for (let i = 0; i < chunk.rows; i++) {
    const key = keys(i)
    const keyText = texts.key(i)
    const value = texts.value(i)
    const given = texts.inputs(i)
    yield {
      keyBytes: encodeKey(entity, key),
      key,
      keyText,
      valueText: value,
      inputsText: given,
      line: texts.line(i, keyText, value, given),
    }
  }
}

/** Lines at a time: a text that stays in the processor's caches. */
const LINES_AT_ONCE = 1_024

/** The lines of such a chunk, some at once: what a digest is of. */
export function* canonicalLines(chunk: Chunk, { entity = {} }: Pick<PredictionDefinition, 'entity'>, shape: ValueShape): Generator<string> {
  const texts = new RowTexts(chunk, entity, shape)
  for (let from = 0; from < chunk.rows; from += LINES_AT_ONCE) {
    const to = Math.min(chunk.rows, from + LINES_AT_ONCE)
    let lines = ''
    for (let i = from; i < to; i++) lines += texts.line(i, texts.key(i), texts.value(i), texts.inputs(i))
    yield lines
  }
}

/** What stands for the rows of a chunk. */
class RowTexts {
  readonly key: (row: number) => string
  readonly #text: (row: number) => string
  readonly #rejected: StringColumn
  readonly #inputs: StringColumn | undefined

  constructor(chunk: Chunk, entity: KeyColumns, shape: ValueShape) {
    this.key = keyTextReader(chunk, entity)
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

type KeyRead = (row: number) => KeyValue

function keyReaders(chunk: Chunk, entity: KeyColumns): readonly (readonly [name: string, read: KeyRead])[] {
  return Object.entries(entity).map(([name, kind]) => {
    const column = chunk.columns.get(`key_${name}`) ?? chunk.columns.get(`key.${name}`)
    if (kind === 'string') {
      const { codes, dictionary } = column as StringColumn
      return [name, row => dictionary[codes[row] as number] as string]
    }
    const { values, exact } = column as NumberColumn
    return [name, row => (exact === undefined || Number.isSafeInteger(values[row]) ? (values[row] as number) : (exact[row] as bigint))]
  })
}

function keyReader(chunk: Chunk, entity: KeyColumns): (row: number) => Key {
  const readers = keyReaders(chunk, entity)
  return row => Object.fromEntries(readers.map(([name, read]) => [name, read(row)]))
}

/** The same text as `keyJson` makes of the key. */
function keyTextReader(chunk: Chunk, entity: KeyColumns): (row: number) => string {
  const readers = keyReaders(chunk, entity).map(([name, read], i) => [`${i === 0 ? '{' : ','}${JSON.stringify(name)}:`, read] as const)
  const [[first, readFirst], ...others] = readers as [readonly [string, KeyRead], ...typeof readers]
  return row => {
    let text = first + keyValueJson(readFirst(row))
    for (const [before, read] of others) text += before + keyValueJson(read(row))
    return `${text}}`
  }
}

function textReader(chunk: Chunk, { outputType, width }: ValueShape): (row: number) => string {
  const columns = valueNames(width).map(name => (chunk.columns.get(name) as NumberColumn).values)
  const [only] = columns
  if (width === 1) return row => valueText((only as Float64Array)[row] as number, outputType)
  return row => `[${columns.map(values => valueText(values[row] as number, outputType)).join(',')}]`
}

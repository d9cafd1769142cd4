/**
 * The statement that gives the rows of some keys, as it suits the types of the key's columns: so that an index of them can be used.
 * It may give more rows than those of the keys (types of a database compare in ways of their own), and never fewer.
 */
import { identifier } from '../../parquet/index.ts'
import type { KeyKind, KeyValue, PostgresRowsDefinition } from '../../project/index.ts'
import { nameIn } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import { type DescribedColumn, rowsOf, typesOf } from './describe.ts'
import { itemsOf, type TextRow } from './text-rows.ts'

/** Rows of one statement at most. */
export const ROWS_MAX = 20_000
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export interface KeyStatement {
  readonly text: string
  /** The parameters: an array of texts for each column of the key. */
  values(keys: readonly (readonly KeyValue[])[]): string[][]
  /** The key of a row, as {@link keyText} has it. */
  keyOf(row: TextRow): string
  /** Whether any row can have it: a database refuses texts that no column of a type could hold. */
  readonly canBe: (key: readonly KeyValue[]) => boolean
}

/** Tells keys of the same columns apart. */
export function keyText(key: readonly KeyValue[]): string {
  return key.length === 1 ? String(key[0]) : key.map(String).join('\0')
}

/** @param by the declared columns of the key, in its entity's order. @param described the columns that there are. */
export function keyStatement(source: SourceAt, by: readonly string[], described: readonly DescribedColumn[]): KeyStatement {
  const { definition } = source
  const columns = by.map(name => {
    const called = nameIn(definition, name)
    const column = described.find(each => each.name === called) as DescribedColumn
    return comparedBy(identifier(called), definition.columns[name] as KeyKind, column)
  })
  const items = itemsOf(source, typesOf(described)).join(', ')
  const from = rowsOf(definition.from as PostgresRowsDefinition)
  const places = by.map(name => Object.keys(definition.columns).indexOf(name))
  return {
    text: `${columns.length === 1 ? ofOne(items, from, columns[0] as Compared) : ofSeveral(items, from, columns)} LIMIT ${ROWS_MAX + 1}`,
    values: keys => columns.map((_, i) => keys.map(key => String(key[i]))),
    keyOf: row => (places.length === 1 ? String(row[places[0] as number]) : places.map(place => row[place]).join('\0')),
    canBe: key => key.every((value, i) => typeof value !== 'string' || (!value.includes('\0') && (columns[i] as Compared).canBe(value))),
  }
}

/** How a column is compared with a key's. */
interface Compared {
  readonly sql: string
  /** Of the parameter's elements. */
  readonly type: string
  canBe(text: string): boolean
}

function comparedBy(sql: string, kind: KeyKind, { type, isEnum }: DescribedColumn): Compared {
  const canBe = () => true
  if (kind === 'int64') return { sql, type: 'int8', canBe }
  // A text that is none of its labels would be an error.
  if (isEnum) return { sql: `${sql}::text`, type: 'text', canBe }
  if (type === 'uuid') return { sql, type, canBe: text => UUID.test(text) }
  if (/^character\(/.test(type)) return { sql, type: 'bpchar', canBe }
  return { sql, type: /^(text|character varying)/.test(type) ? 'text' : type, canBe }
}

function ofOne(items: string, from: string, { sql, type }: Compared): string {
  return `SELECT ${items} FROM ${from} WHERE ${sql} = ANY($1::${type}[])`
}

/** Key by key, so that each is looked up in an index. */
function ofSeveral(items: string, from: string, columns: readonly Compared[]): string {
  const arrays = columns.map(({ type }, i) => `$${i + 1}::${type}[]`)
  const names = columns.map((_, i) => `prescore_${i}`)
  const conditions = columns.map(({ sql }, i) => `${sql} = prescore_key.prescore_${i}`)
  const rows = `SELECT ${items} FROM ${from} WHERE ${conditions.join(' AND ')}`
  return `SELECT prescore_row.* FROM unnest(${arrays.join(', ')}) AS prescore_key(${names.join(', ')}), LATERAL (${rows}) AS prescore_row`
}

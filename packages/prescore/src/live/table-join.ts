/** Joins whose rows are read with each request. */

import { type RowFeatures, rowFeatures } from '../history/index.ts'
import type { LiveValue } from '../online/index.ts'
import type { JoinDefinition, Key, KeyValue } from '../project/index.ts'
import { type KeyedRows, type RequestTable, type SourceAt, shapeRows, type TableRows } from '../sources/index.ts'
import { keyColumns, valueOf } from './key-columns.ts'
import type { FeatureReader, FeaturesRead } from './types.ts'

export class TableJoin {
  readonly #source: SourceAt
  readonly #join: JoinDefinition
  readonly #names: readonly string[]
  readonly #rows: KeyedRows
  readonly #features: RowFeatures
  #shaped: { readonly types: TableRows['types']; readonly shape: ReturnType<typeof shapeRows> } | undefined

  constructor(table: RequestTable, join: JoinDefinition) {
    this.#source = table.source
    this.#join = join
    this.#names = Object.keys(join.entity)
    this.#rows = table.by(this.#names.map(name => join.by[name] ?? name))
    this.#features = rowFeatures(table.source, join)
  }

  /** The rows of a key; a key with a missing column has none. @throws PrescoreError as {@link KeyedRows.rowsOf} */
  rowsOf(key: Key | undefined, deadlineAtMs: number | undefined): TableRows | undefined | Promise<TableRows | undefined> {
    return key === undefined
      ? undefined
      : this.#rows.rowsOf(
          this.#names.map(name => key[name] as KeyValue),
          deadlineAtMs,
        )
  }

  /** @throws PrescoreError what computing may throw, and `missing_time`, `time_out_of_range` */
  features(rows: TableRows | undefined, key: Key | undefined, asOfUs: number): readonly LiveValue[] {
    const shaped = rows === undefined ? undefined : this.#shapeOf(rows.types)(rows.chunk)
    return this.#features.compute(shaped, keyColumns(this.#join, key), asOfUs).map(valueOf)
  }

  /** Of a table that was not altered, it is the same one. */
  #shapeOf(types: TableRows['types']): ReturnType<typeof shapeRows> {
    if (this.#shaped?.types !== types) this.#shaped = { types, shape: shapeRows(this.#source, types, this.#features.columns) }
    return this.#shaped.shape
  }
}

export class TablesBeside implements FeatureReader {
  readonly #others: FeatureReader
  /** In the order of the prediction's joins; undefined: one of the others. */
  readonly #tables: readonly (TableJoin | undefined)[]
  readonly #places: readonly number[]

  constructor(others: FeatureReader, tables: readonly (TableJoin | undefined)[]) {
    this.#others = others
    this.#tables = tables
    this.#places = tables.flatMap((table, i) => (table === undefined ? [] : [i]))
  }

  /** The others are read in the turn in which it is called. At once where all rows are remembered. */
  read(keys: readonly (Key | undefined)[], asOfUs: number, deadlineAtMs?: number): FeaturesRead | Promise<FeaturesRead> {
    const others = this.#others.read(
      keys.filter((_, i) => this.#tables[i] === undefined),
      asOfUs,
      deadlineAtMs,
    )
    const rows = this.#places.map(i => this.#tables[i]!.rowsOf(keys[i], deadlineAtMs))
    if (others instanceof Promise || rows.some(each => each instanceof Promise))
      return Promise.all([others, ...rows]).then(([read, ...all]) => this.#together(read, all, keys, asOfUs))
    return this.#together(others, rows as readonly (TableRows | undefined)[], keys, asOfUs)
  }

  knows(joins: readonly number[], keys: readonly (Key | undefined)[], asOfUs: number, deadlineAtMs?: number): boolean | Promise<boolean> {
    const rows = joins.map(i => this.#tables[i]?.rowsOf(keys[i], deadlineAtMs))
    if (rows.some(each => each instanceof Promise))
      return Promise.all(rows).then(all => all.some(hasRows) || this.#othersKnow(joins, keys, asOfUs))
    return rows.some(each => hasRows(each as TableRows | undefined)) || this.#othersKnow(joins, keys, asOfUs)
  }

  #othersKnow(joins: readonly number[], keys: readonly (Key | undefined)[], asOfUs: number): boolean | Promise<boolean> {
    const others = this.#tables.flatMap((table, i) => (table === undefined ? [i] : []))
    const places = joins.map(i => others.indexOf(i)).filter(place => place >= 0)
    return this.#others.knows(
      places,
      others.map(i => keys[i]),
      asOfUs,
    )
  }

  #together(
    others: FeaturesRead,
    rows: readonly (TableRows | undefined)[],
    keys: readonly (Key | undefined)[],
    asOfUs: number,
  ): FeaturesRead {
    const rest = others.values.values()
    const read = rows.values()
    const values = this.#tables.map((table, i): readonly LiveValue[] =>
      table === undefined ? (rest.next().value as readonly LiveValue[]) : table.features(read.next().value, keys[i], asOfUs),
    )
    return { ...others, values, perRequest: this.#places }
  }
}

function hasRows(rows: TableRows | undefined): boolean {
  return rows !== undefined && rows.chunk.rows > 0
}

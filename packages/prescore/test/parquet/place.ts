/** A temporary folder with an embedded database, for the tests of one file; both go when its tests are done. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { Database, identifier, literal } from '../../src/parquet/index.ts'

/** undefined is NULL; a number for a timestamp is microseconds since 1970. */
export type Cell = number | bigint | string | boolean | undefined
export type Row = Readonly<Record<string, Cell>>

export class Place {
  readonly folder = mkdtempSync(join(tmpdir(), 'prescore-'))
  readonly database: Database

  private constructor(database: Database) {
    this.database = database
  }

  static async open(): Promise<Place> {
    const place = new Place(await Database.open({ threads: 2 }))
    after(() => {
      place.database.close()
      rmSync(place.folder, { recursive: true })
    })
    return place
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Rows of a query, as plain objects. */
  query(sql: string): Promise<Record<string, unknown>[]> {
    return this.database.query(sql, 'a test')
  }

  /** Lets DuckDB write the result of a query to a Parquet file of this name. */
  async copy(name: string, sql: string): Promise<string> {
    await this.query(`COPY (${sql}) TO ${literal(this.path(name))} (FORMAT parquet)`)
    return this.path(name)
  }

  /** Writes plain rows, their columns of these SQL types. */
  copyRows(name: string, types: Readonly<Record<string, string>>, rows: readonly Row[]): Promise<string> {
    const columns = Object.entries(types)
    const items = columns.map(([column, type]) => `CAST(${identifier(column)} AS ${type}) AS ${identifier(column)}`)
    const given = rows.length === 0 ? [{}] : rows
    const values = given.map(row => `(${columns.map(([column, type]) => cell((row as Row)[column], type))})`)
    const names = columns.map(([column]) => identifier(column))
    return this.copy(name, `SELECT ${items} FROM (VALUES ${values}) t(${names})${rows.length === 0 ? ' WHERE false' : ''}`)
  }
}

function cell(value: Cell, type: string): string {
  if (value === undefined) return `CAST(NULL AS ${type})`
  if (typeof value === 'string') return `CAST(${literal(value)} AS ${type})`
  if (type === 'TIMESTAMP') return `make_timestamp(${value})`
  if (type === 'TIMESTAMPTZ') return `make_timestamptz(${value})`
  // As a text: SQL reads long digits as another kind of number, whose cast may round to the neighbour.
  return typeof value === 'number' && !Number.isSafeInteger(value) ? `CAST('${value}' AS ${type})` : `CAST(${value} AS ${type})`
}

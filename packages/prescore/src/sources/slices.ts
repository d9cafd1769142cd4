/** A source read by several at once: each reads a slice of the rows of its files. */
import { type Database, fileRows, literal } from '../parquet/index.ts'
import type { FilePin } from './files.ts'
import { formatOf, type SourceFile } from './formats/index.ts'
import type { SourcePin } from './pin.ts'
import { pathOf, type SourceAt } from './source-at.ts'

/** Which of so many slices. Together they are the whole source, and no row is in two. */
export interface ScanSlice {
  readonly index: number
  readonly of: number
}

/** Parquet has row groups that need not be read; of other formats the first slice is everything. */
const ROW_NUMBER = 'file_row_number'

/** All files, those without a row in the slice for their columns. None: there is nothing in it. @throws PrescoreError `source_unreadable` */
export async function slicedFiles(
  database: Database,
  source: SourceAt,
  { files }: SourcePin,
  { index, of }: ScanSlice,
): Promise<readonly SourceFile[]> {
  const rowsOf = await rowsOfFiles(database, source, files)
  if (rowsOf === undefined) return index === 0 ? files : []
  const total = rowsOf.reduce((sum, rows) => sum + rows, 0)
  const [from, to] = [Math.floor((total * index) / of), Math.floor((total * (index + 1)) / of)]
  let first = 0
  return files.map((file, i): SourceFile => {
    const rows = rowsOf[i] as number
    const own = [Math.max(0, from - first), Math.min(rows, to - first)] as const
    first += rows
    return own[1] - own[0] === rows && rows > 0 ? file : { ...file, rows: own[0] < own[1] ? own : [0, 0] }
  })
}

/** Undefined: rows cannot be told apart by their place. */
async function rowsOfFiles(database: Database, source: SourceAt, files: readonly FilePin[]): Promise<readonly number[] | undefined> {
  if (formatOf(files[0]?.path ?? '')?.text !== undefined) return undefined
  // Columns by other names must be in each file that is read apart.
  if (files.length > 1 && source.definition.names !== undefined) return undefined
  const where = `sources.${source.name}`
  const paths = files.map(file => pathOf(source, file))
  const footers = await Promise.all(paths.map(fileRows))
  // Whoever reads a slice without DuckDB need not load it for this.
  if (footers.every(each => each !== undefined)) {
    const isNamedSo = footers.some(({ columns }) => columns.some(column => column.toLowerCase() === ROW_NUMBER))
    return isNamedSo ? undefined : footers.map(({ rows }) => rows)
  }
  const list = `[${paths.map(literal).join(', ')}]`
  const sameName = await database.query(`SELECT name FROM parquet_schema(${list}) WHERE lower(name) = '${ROW_NUMBER}' LIMIT 1`, where)
  if (sameName.length > 0) return undefined
  const found = await database.query(`SELECT file_name, num_rows FROM parquet_file_metadata(${list})`, where)
  const rows = new Map(found.map(each => [String(each.file_name), Number(each.num_rows)]))
  const known = paths.map(path => rows.get(path))
  return known.every(each => each !== undefined) ? known : undefined
}

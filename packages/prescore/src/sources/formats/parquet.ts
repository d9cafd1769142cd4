import { identifier, literal } from '../../parquet/index.ts'
import { FILE_COLUMN, type Format, nameIn, type SourceFile } from './format.ts'

/**
 * Columns are matched by name. DuckDB would make columns of folders named `day=3` in the place of the file's own:
 * where a file lies must not change what is in it.
 */
export const parquet: Format = {
  name: 'Parquet',
  endings: ['.parquet'],
  read(files, columns) {
    const [first = { path: '' }] = files
    const items = columns.map(name => `${identifier(nameIn(first, name))} AS ${identifier(name)}`)
    const selected = first.names === undefined || columns.length === 0 ? '*' : [...items, identifier(FILE_COLUMN)].join(', ')
    const whole = files.filter(({ rows }) => rows === undefined)
    const sliced = files.filter(({ rows: [from, to] = [0, 0] }) => from < to).map(file => [file])
    const others = files.filter(({ rows: [from, to] = [0, 1] }) => from >= to)
    const parts = [whole, ...sliced, others].filter(part => part.length > 0)
    return parts.map(part => `SELECT ${selected} FROM ${readParquet(part)}`).join(' UNION ALL BY NAME ')
  },
}

/** Row groups without any of the rows are not read. What has no rows still gives its columns. */
function readParquet(files: readonly SourceFile[]): string {
  const list = files.map(({ path }) => literal(path)).join(', ')
  const [from, to] = files[0]?.rows ?? []
  const rows = from === undefined ? '' : ` WHERE file_row_number >= ${from} AND file_row_number < ${to}`
  return `read_parquet([${list}], union_by_name = ${files.length > 1}, hive_partitioning = false, filename = ${literal(FILE_COLUMN)})${rows}`
}

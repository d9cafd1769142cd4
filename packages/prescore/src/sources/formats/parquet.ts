import { identifier, literal } from '../../parquet/index.ts'
import { FILE_COLUMN, type Format, nameIn } from './format.ts'

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
    const list = files.map(({ path }) => literal(path)).join(', ')
    return `SELECT ${selected} FROM read_parquet([${list}], union_by_name = ${files.length > 1}, hive_partitioning = false, filename = ${literal(FILE_COLUMN)})`
  },
}

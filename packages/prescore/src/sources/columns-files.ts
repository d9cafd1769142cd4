/** Files that are read without DuckDB: Parquet whose columns our own code reads. */
import { ColumnsFile, type FileColumn } from '../parquet/index.ts'
import { nameIn, type SourceFile } from './formats/index.ts'
import type { ScanPlan } from './plan.ts'
import { pathOf, type SourceAt } from './source-at.ts'

const PARQUET = /\.parquet$/i

/** Undefined: they are left to DuckDB, all of them. */
export async function columnsFiles(
  source: SourceAt,
  files: readonly SourceFile[],
  { kinds, within }: ScanPlan,
): Promise<readonly ColumnsFile[] | undefined> {
  if (!files.every(({ path }) => PARQUET.test(path))) return undefined
  const own: ColumnsFile[] = []
  for (const file of files) {
    const columns = Object.entries(kinds).map(([name, kind]): FileColumn => ({ name, called: nameIn(file, name), kind }))
    const opened = await ColumnsFile.open(pathOf(source, file), columns, { rows: file.rows, within })
    if (opened === undefined) return undefined
    own.push(opened)
  }
  return own
}

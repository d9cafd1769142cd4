/** What is known of a source's files by their footers alone: to ask DuckDB of them would load it, for nothing else in many a run. */
import { type DescribedFile, describedFile } from '../parquet/index.ts'
import type { SourceDefinition } from '../project/index.ts'
import { type DataTypes, nameIn, type SourceFile } from './formats/index.ts'

const PARQUET = /\.parquet$/i

/** Their columns' types, file by file. @param files of absolute paths. Undefined: they are left to DuckDB, all of them. */
export async function typesByFooters(files: readonly SourceFile[]): Promise<readonly DataTypes[] | undefined> {
  return (await described(files))?.map(({ types }) => types)
}

/**
 * How many rows there are, where the footers say as well that each has what it must have, its time and its id.
 * @param files of absolute paths. Undefined: they must be read.
 */
export async function rowsByFooters(
  { id, time, columns }: Pick<SourceDefinition, 'id' | 'time' | 'columns'>,
  files: readonly SourceFile[],
): Promise<number | undefined> {
  // Columns by other names must be in each file.
  if (files.length > 1 && files[0]?.names !== undefined) return undefined
  const needed = [time, id].filter(name => name !== undefined && Object.hasOwn(columns, name)) as string[]
  const all = await described(files)
  if (all === undefined || !files.every((file, i) => needed.every(name => all[i]?.whole.has(nameIn(file, name))))) return undefined
  return all.reduce((sum, { rows }) => sum + rows, 0)
}

async function described(files: readonly SourceFile[]): Promise<readonly DescribedFile[] | undefined> {
  if (!files.every(({ path }) => PARQUET.test(path))) return undefined
  const each = await Promise.all(files.map(({ path }) => describedFile(path)))
  return each.every(file => file !== undefined) ? each : undefined
}

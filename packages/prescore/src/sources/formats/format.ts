/** What a file format is: one file here, one line in `index.ts`. */
import type { Database } from '../../parquet/index.ts'
import type { ColumnKind } from '../../project/index.ts'

/** The data's columns by name, with DuckDB's names of their types. */
export type DataTypes = ReadonlyMap<string, string>

/** How a text file is laid out. Plain data: it is recorded with the pin, so that every scan reads the file in the same way. */
export interface Layout {
  /** Of CSV: what stands between cells, and the names in the header. */
  readonly separator?: string
  readonly header?: readonly string[]
  /** Of JSON: one array, or an object a line. */
  readonly form?: 'array' | 'lines'
}

/** A file of a source, as a scan needs to know it. */
export interface SourceFile {
  /** Relative to the project's folder, or absolute where the project says so. */
  readonly path: string
  /** Of what was read from a database: when. It lies in the folder of snapshots, and never changes. */
  readonly readAtUs?: number
  /** Of formats that do not describe themselves. */
  readonly layout?: Layout
  /** What declared columns are called in it, where that differs. */
  readonly names?: Readonly<Record<string, string>>
  /** Of Parquet: only these of its rows, counted from 0; the second is the first that is not read. Absent: all. */
  readonly rows?: readonly [number, number]
  /** The columns that its folders give, as in `day=3/`: those declared ones that no file has. */
  readonly folders?: Readonly<Record<string, string>>
}

export interface Format {
  readonly name: string
  /** Of file names, in lower case. */
  readonly endings: readonly string[]
  /** SQL that reads these columns of the files (absolute paths), and {@link FILE_COLUMN}; of texts as raw cells. Parquet has all its columns. */
  read(files: readonly SourceFile[], columns: readonly string[]): string
  /** Of formats whose cells are texts: what a cell is, the declaration says. */
  readonly text?: TextFormat
}

export interface TextFormat {
  /** Reads the beginning of a file. @param columns that are declared. @throws PrescoreError `source_unreadable`, `duplicate_name` */
  layoutOf(file: string, columns: readonly string[]): Promise<Layout>
  /** The names that stand in the data. */
  names(database: Database, files: readonly SourceFile[], where: string): Promise<ReadonlySet<string>>
  /** SQL: the text of a raw cell, as a column of the kind takes it; NULL where it is missing, or no such thing. */
  textOf(kind: ColumnKind, raw: string): string
  /** SQL: whether there is anything in a raw cell. */
  isPresent(kind: ColumnKind, raw: string): string
  /** Where a row stands, for a person: `line 7`; undefined where it cannot be told. Rows count from 1. */
  placeOf(file: string, layout: Layout, row: number): Promise<string | undefined>
  /** What is wrong with a file that DuckDB could not read, in words that name the place. */
  explain(message: string, files: readonly SourceFile[]): Promise<Explanation | undefined>
}

export interface Explanation {
  /** The file's path and, if it can be told, the line. */
  readonly at: string
  readonly found: string
  readonly expected: string
  readonly fix: string
}

/** What a declared column is called in a file. */
export function nameIn({ names }: Pick<SourceFile, 'names'>, column: string): string {
  return names?.[column] ?? column
}

/** Names the file of each row. No declared column has a colon. */
export const FILE_COLUMN = 'prescore:file'

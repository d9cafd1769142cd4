/** What a Parquet file says of itself, told without DuckDB and in its words, so that who only asks need not load it. */
import { type Footer, footerOf, type LeafColumn } from './footer.ts'
import { duckdbType } from './stored-form.ts'

export interface DescribedFile {
  readonly rows: number
  /** DuckDB's names of the types of all columns, in the order of the file. */
  readonly types: ReadonlyMap<string, string>
  /** Columns that the file says miss no value. */
  readonly whole: ReadonlySet<string>
}

/** Undefined: there is something that only DuckDB knows, or the file cannot be read. */
export async function describedFile(path: string): Promise<DescribedFile | undefined> {
  const footer = await footerOf(path).catch(() => undefined)
  const types = footer === undefined ? undefined : typesOf(footer.columns)
  if (footer === undefined || types === undefined) return undefined
  const whole = footer.columns.filter(({ isOptional }, at) => !isOptional || footer.groups.every(({ chunks }) => chunks[at]?.missing === 0))
  return { rows: footer.groups.reduce((sum, { rows }) => sum + rows, 0), types, whole: new Set(whole.map(({ name }) => name)) }
}

function typesOf(columns: Footer['columns']): ReadonlyMap<string, string> | undefined {
  const types = new Map<string, string>()
  for (const column of columns) {
    const type = duckdbType(column)
    if (type === undefined) return undefined
    types.set(column.name, type)
  }
  // DuckDB calls what is named alike, case left aside, by other names.
  return new Set(columns.map(lowered)).size === columns.length ? types : undefined
}

function lowered({ name }: LeafColumn): string {
  return name.toLowerCase()
}

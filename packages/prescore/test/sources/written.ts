/** Rows as files of each format. */
import { writeFileSync } from 'node:fs'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { formatInstant } from '../../src/base/index.ts'
import type { ColumnKind } from '../../src/project/index.ts'
import type { Cell, Place, Row } from '../parquet/place.ts'

type Columns = Readonly<Record<string, ColumnKind>>
export type Times = 'instants' | 'local'

/** Writes a text, compressed as the name of the file says. */
export function writeText(place: Place, file: string, text: string): void {
  const bytes = Buffer.from(text)
  writeFileSync(place.path(file), file.endsWith('.gz') ? gzipSync(bytes) : file.endsWith('.zst') ? zstdCompressSync(bytes) : bytes)
}

export async function writeParquetRows(place: Place, file: string, columns: Columns, rows: readonly Row[], times: Times): Promise<void> {
  const types = {
    string: 'VARCHAR',
    int64: 'BIGINT',
    float64: 'DOUBLE',
    boolean: 'BOOLEAN',
    timestamp: times === 'local' ? 'TIMESTAMP' : 'TIMESTAMPTZ',
  }
  await place.copyRows(file, Object.fromEntries(Object.entries(columns).map(([name, kind]) => [name, types[kind]])), rows)
}

export function csvText(columns: Columns, rows: readonly Row[], times: Times, separator = ',', lineEnd = '\n'): string {
  const lines = [Object.keys(columns).map(name => quoted(name, separator))]
  for (const row of rows) lines.push(Object.entries(columns).map(([name, kind]) => csvCell(row[name], kind, times, separator)))
  return lines.map(cells => `${cells.join(separator)}${lineEnd}`).join('')
}

export function jsonObjects(columns: Columns, rows: readonly Row[], times: Times): string[] {
  return rows.map(
    row => `{${Object.entries(columns).map(([name, kind]) => `${JSON.stringify(name)}:${jsonCell(row[name], kind, times)}`)}}`,
  )
}

function csvCell(value: Cell, kind: ColumnKind, times: Times, separator: string): string {
  if (value === undefined) return ''
  if (kind === 'timestamp') return timeText(value as number, times)
  return kind === 'string' ? quoted(value as string, separator) : String(value)
}

function quoted(text: string, separator: string): string {
  return text === '' || text.includes(separator) || /["\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function jsonCell(value: Cell, kind: ColumnKind, times: Times): string {
  if (value === undefined) return 'null'
  if (kind === 'timestamp') return JSON.stringify(timeText(value as number, times))
  if (kind === 'string') return JSON.stringify(value)
  return typeof value === 'number' && !Number.isFinite(value) ? JSON.stringify(String(value)) : String(value)
}

function timeText(us: number, times: Times): string {
  return times === 'local' ? formatInstant(us).slice(0, -1) : formatInstant(us)
}

const SQL_TYPES = (times: Times): Readonly<Record<ColumnKind, string>> => ({
  string: 'text',
  int64: 'int8',
  float64: 'float8',
  boolean: 'bool',
  timestamp: times === 'local' ? 'timestamp' : 'timestamptz',
})

/** SQL that makes a table of the rows. */
export function tableStatements(name: string, columns: Columns, rows: readonly Row[], times: Times): string[] {
  const types = SQL_TYPES(times)
  const quoted = (text: string) => `"${text}"`
  const list = Object.entries(columns)
  const made = `CREATE TABLE ${name} (${list.map(([column, kind]) => `${quoted(column)} ${types[kind]}`).join(', ')})`
  const values = rows.map(row => `(${list.map(([column, kind]) => sqlCell(row[column], kind, times)).join(', ')})`)
  return rows.length === 0
    ? [made]
    : [made, `INSERT INTO ${name} (${list.map(([column]) => quoted(column)).join(', ')}) VALUES ${values.join(', ')}`]
}

function sqlCell(value: Cell, kind: ColumnKind, times: Times): string {
  if (value === undefined) return 'NULL'
  const text = kind === 'timestamp' ? timeText(value as number, times) : String(value)
  return `'${text.replaceAll("'", "''")}'`
}

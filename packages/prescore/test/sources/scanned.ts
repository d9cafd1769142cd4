/** Scans a source into plain rows, so that tests can say what they expect. */
import { join } from 'node:path'
import type { AnyRows } from '../../src/project/source.ts'
import { pinSource, type SourceAt, type SourcePin, scanSource } from '../../src/sources/index.ts'
import { type Plain, plainValues } from '../expressions/rows.ts'
import type { Place } from '../parquet/place.ts'

export interface ScannedRow {
  readonly timeUs: number
  readonly knownAtUs: number
  readonly row: Readonly<Record<string, Plain>>
}

/** A source as `events` and `table` declare it. */
export function sourceAt(place: Place, { definition }: AnyRows['source'], name = 'flights'): SourceAt {
  return { name, definition, folder: place.folder, snapshots: join(place.folder, 'snapshots') }
}

export interface Wanted {
  readonly fromUs?: number
  readonly untilUs?: number
  /** All columns, without it. */
  readonly columns?: readonly string[]
}

/** The rows in the order of their texts: a scan promises none. Only the asked columns are shown. */
export async function scanned(place: Place, source: SourceAt, wanted: Wanted = {}, pin?: SourcePin): Promise<ScannedRow[]> {
  const { columns = [...Object.keys(source.definition.columns), ...Object.keys(source.definition.derive)], ...range } = wanted
  const rows: ScannedRow[] = []
  for await (const chunk of scanSource(place.database, source, pin ?? (await pinSource(place.database, source)), { columns, ...range })) {
    const values = columns.map(name => {
      const column = chunk.columns.get(`row.${name}`)
      if (column === undefined) throw new Error(`no column row.${name}`)
      return [name, plainValues(column, chunk.rows)] as const
    })
    for (let i = 0; i < chunk.rows; i++) {
      const row = Object.fromEntries(values.map(([name, all]) => [name, all[i]]))
      rows.push({ timeUs: chunk.timeUs[i] as number, knownAtUs: chunk.knownAtUs[i] as number, row })
    }
  }
  return rows.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1))
}

export function textOf(row: ScannedRow): string {
  return JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' || typeof value === 'number' ? String(value) : value))
}

/** Microseconds of an ISO text. */
export function us(iso: string): number {
  return Date.parse(iso) * 1000
}

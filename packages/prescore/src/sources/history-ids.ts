/** Which events of a log stand in the history too, where they count already. */
import { type Column, isStringColumn } from '../expressions/index.ts'
import { type Database, identifier, literal } from '../parquet/index.ts'
import { type Id, IdFilter } from './id-filter.ts'
import type { SourcePin } from './pin.ts'
import { type ScannedChunk, takeScanned } from './rows.ts'
import { historyRows } from './scan.ts'
import type { SourceAt } from './source-at.ts'

/** Ids asked for in one query. */
const IDS_PER_QUERY = 1_000

export class HistoryIds {
  readonly #database: Database
  readonly #source: SourceAt
  readonly #pin: SourcePin
  readonly #id: string
  /** The least and the greatest; undefined: there are no rows. */
  readonly #bounds: readonly [Id, Id] | undefined
  /** Of the ids that count; filled when it is first needed. */
  #filter: Promise<IdFilter> | undefined

  private constructor(database: Database, source: SourceAt, pin: SourcePin, id: string, bounds: readonly [Id, Id] | undefined) {
    this.#database = database
    this.#source = source
    this.#pin = pin
    this.#id = id
    this.#bounds = bounds
  }

  /** Undefined for a source without ids: nothing tells its rows apart. @throws PrescoreError `source_unreadable` */
  static async open(database: Database, source: SourceAt, pin: SourcePin): Promise<HistoryIds | undefined> {
    const { id } = source.definition
    if (id === undefined) return undefined
    const { from, where } = historyRows.plan(source, pin, [id])
    const column = identifier(id)
    const [found] = await database.query(`SELECT min(${column}) AS least, max(${column}) AS greatest FROM ${from}`, where)
    const [least, greatest] = [found?.least, found?.greatest] as [Id | null | undefined, Id | null | undefined]
    return new HistoryIds(database, source, pin, id, least == null || greatest == null ? undefined : [least, greatest])
  }

  /**
   * The rows of a chunk that may stand in history: their id lies among its ids. Empty where ids grow. When they happened says
   * nothing: history may have known them before, or at another time.
   */
  suspects(chunk: ScannedChunk): number[] {
    const bounds = this.#bounds
    if (bounds === undefined) return []
    const ids = chunk.columns.get(`row.${this.#id}`) as Column
    const rows: number[] = []
    for (let row = 0; row < chunk.rows; row++) {
      const id = idOf(ids, row)
      if (id !== undefined && !precedes(id, bounds[0]) && !precedes(bounds[1], id)) rows.push(row)
    }
    return rows
  }

  /** The chunk without the suspects that history counts. @throws PrescoreError `source_unreadable`, `source_changed` */
  async withoutCounted<T extends ScannedChunk & { readonly positions: Float64Array }>(chunk: T, suspects: readonly number[]): Promise<T> {
    const ids = chunk.columns.get(`row.${this.#id}`) as Column
    this.#filter ??= this.#filled()
    const filter = await this.#filter
    const likely = suspects.map(row => idOf(ids, row) as Id).filter(id => filter.mayHave(id))
    if (likely.length === 0) return chunk
    const counted = await this.#counted(likely)
    const dropped = new Set(suspects.filter(row => counted.has(idOf(ids, row))))
    const kept = Array.from({ length: chunk.rows }, (_, row) => row).filter(row => !dropped.has(row))
    return { ...chunk, ...takeScanned(chunk, kept), positions: Float64Array.from(kept, row => chunk.positions[row]!) }
  }

  async #filled(): Promise<IdFilter> {
    const filter = new IdFilter(this.#pin.rows)
    for await (const chunk of historyRows.read(this.#database, this.#source, this.#pin, [this.#id], 'true')) {
      const column = chunk.columns.get(`row.${this.#id}`) as Column
      for (let row = 0; row < chunk.rows; row++) filter.add(idOf(column, row) as Id)
    }
    return filter
  }

  async #counted(ids: readonly Id[]): Promise<ReadonlySet<unknown>> {
    const counted = new Set<unknown>()
    for (let from = 0; from < ids.length; from += IDS_PER_QUERY) {
      const some = ids.slice(from, from + IDS_PER_QUERY).map(id => (typeof id === 'string' ? literal(id) : String(id)))
      const condition = `${identifier(this.#id)} IN (${some})`
      for await (const chunk of historyRows.read(this.#database, this.#source, this.#pin, [this.#id], condition)) {
        const column = chunk.columns.get(`row.${this.#id}`) as Column
        for (let row = 0; row < chunk.rows; row++) counted.add(idOf(column, row))
      }
    }
    return counted
  }
}

/** In DuckDB's order: numbers by value, texts by their UTF-8. */
function precedes(a: Id, b: Id): boolean {
  return typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0 : a < b
}

function idOf(column: Column, row: number): Id | undefined {
  if (isStringColumn(column)) return column.dictionary[column.codes[row]!]
  const value = column.values[row]!
  return column.exact === undefined || Number.isSafeInteger(value) ? value : column.exact[row]!
}

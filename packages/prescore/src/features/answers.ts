/** Answers laid out on sheets: pieces of the whole, each of some of the queries, made anew or written to where they belong at once. */
import { type Column, isStringColumn, type NumberColumn, type StringColumn } from '../expressions/index.ts'
import { emptyOf } from './lane.ts'
import type { FeaturePlan, GroupPlan } from './plan.ts'
import type { Room } from './room.ts'

/** The answers to so many queries: those that follow the ones of the sheets before it. */
export interface Sheet {
  readonly queries: number
  /** Left out: columns are made anew. Only where all are numbers. */
  readonly place?: SheetPlace
}

/** Columns of more than a sheet, which its answers are written to. */
export interface SheetPlace {
  /** Of each query its row in the columns. */
  readonly rows: Int32Array
  /** By feature. */
  readonly columns: readonly Float64Array[]
}

/** Where results go that come in some order: those of sheet s are the ones at `from[starts[s]]` to `from[starts[s + 1] - 1]`. */
interface Layout {
  readonly starts: Int32Array
  readonly from: Int32Array
  readonly to: Int32Array
  /** Whether there is a result for each query. */
  readonly isWhole: boolean
}

export class Answers {
  readonly #plan: GroupPlan
  readonly #sheets: readonly Sheet[]
  readonly #columns: readonly Column[][]
  readonly #layouts = new Map<Int32Array, Layout>()
  readonly #room: Room

  /** @param room where it is noted meanwhile what goes where */
  constructor(plan: GroupPlan, sheets: readonly Sheet[], room: Room) {
    this.#room = room
    this.#plan = plan
    this.#sheets = sheets
    this.#columns = sheets.map(() => [])
  }

  /**
   * Lays out the features of a lane.
   * @param cells NaN is missing; texts are given by their codes. Nothing holds on to them.
   * @param rows of each result its query; the others get what an empty window has.
   */
  put(lane: number, cells: readonly Float64Array[], texts: readonly string[] | undefined, rows: Int32Array): void {
    const layout = this.#layouts.get(rows) ?? layoutOf(rows, this.#sheets, this.#room, `layout ${this.#layouts.size}`)
    this.#layouts.set(rows, layout)
    this.#plan.features.forEach((feature, i) => {
      if (feature.lane !== lane) return
      const empty = emptyOf(this.#plan.lanes[lane]!.cells[feature.cell]!.statistic)
      this.#sheets.forEach((sheet, s) => {
        const range = [layout.starts[s]!, layout.starts[s + 1]!] as const
        this.#columns[s]![i] =
          feature.type.kind === 'string'
            ? textColumn(feature, cells[feature.cell]!, texts ?? [], sheet, layout, range)
            : numberColumn(feature, cells[feature.cell]!, empty, sheet, sheet.place?.columns[i], layout, range)
      })
    })
  }

  /** By sheet and feature. */
  columns(): readonly (readonly Column[])[] {
    return this.#columns
  }
}

/** Columns that are there as a whole, by sheet. */
export function onSheets(columns: readonly Column[], sheets: readonly Sheet[]): readonly (readonly Column[])[] {
  if (sheets.length === 1 && sheets[0]!.place === undefined) return [columns]
  let end = 0
  return sheets.map(({ queries, place }) => {
    const from = end
    end += queries
    return columns.map((column, i) => {
      const to = place?.columns[i]
      if (isStringColumn(column)) return { ...column, codes: column.codes.slice(from, end) }
      if (place === undefined || to === undefined) return { ...column, values: column.values.slice(from, end) }
      for (let query = 0; query < queries; query++) to[place.rows[query]!] = column.values[from + query]!
      return { type: column.type, values: to }
    })
  })
}

function layoutOf(rows: Int32Array, sheets: readonly Sheet[], room: Room, name: string): Layout {
  const total = sheets.reduce((sum, { queries }) => sum + queries, 0)
  const sheetOf = room.integers('sheets', total)
  const placeOf = room.integers('places on sheets', total)
  let query = 0
  sheets.forEach(({ queries, place }, s) => {
    for (let i = 0; i < queries; i++, query++) {
      sheetOf[query] = s
      placeOf[query] = place === undefined ? i : place.rows[i]!
    }
  })
  const starts = new Int32Array(sheets.length + 1)
  for (let i = 0; i < rows.length; i++) starts[sheetOf[rows[i]!]! + 1] = starts[sheetOf[rows[i]!]! + 1]! + 1
  for (let s = 0; s < sheets.length; s++) starts[s + 1] = starts[s + 1]! + starts[s]!
  const next = starts.slice()
  const [from, to] = [room.integers(`${name} from`, rows.length), room.integers(`${name} to`, rows.length)]
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const at = next[sheetOf[row]!]!
    next[sheetOf[row]!] = at + 1
    from[at] = i
    to[at] = placeOf[row]!
  }
  return { starts, from, to, isWhole: rows.length === total }
}

/** The default, or the one NaN, in the place of any NaN: engines may give them different bits. */
function numberColumn(
  { type, default: fallback }: FeaturePlan,
  results: Float64Array,
  empty: number,
  { queries, place }: Sheet,
  into: Float64Array | undefined,
  { from, to, isWhole }: Layout,
  [start, end]: readonly [number, number],
): NumberColumn {
  const values = into ?? new Float64Array(queries)
  if (!isWhole) {
    const without = empty === empty ? empty : fallback
    if (into === undefined) values.fill(without)
    else for (const row of place!.rows) values[row] = without
  }
  for (let i = start; i < end; i++) {
    const value = results[from[i]!]!
    values[to[i]!] = value === value ? value : fallback
  }
  return { type, values }
}

function textColumn(
  { type }: FeaturePlan,
  results: Float64Array,
  dictionary: readonly string[],
  { queries, place }: Sheet,
  { from, to, isWhole }: Layout,
  [start, end]: readonly [number, number],
): StringColumn {
  if (place !== undefined) throw new TypeError('texts have no place to be written to')
  const codes = new Int32Array(queries)
  if (!isWhole) codes.fill(-1)
  for (let i = start; i < end; i++) {
    const code = results[from[i]!]!
    codes[to[i]!] = code === code ? code : -1
  }
  return { type, codes, dictionary }
}

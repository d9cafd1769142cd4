/** The features of some keys: those of one part, so that no more of the events is in memory at once. */
import type { Column } from '../expressions/index.ts'
import { historyFeatures } from '../history/index.ts'
import type { Ground, Told } from './ground.ts'
import { range } from './pieces.ts'

/** Rows that ask for the same need. */
export interface Asked {
  /** Its place in the list of needs. */
  readonly need: number
  readonly keys: readonly Column[]
  readonly asOfUs: Float64Array
  /** Ascending: before which rows the answer is cut into pieces; the last is the number of rows. */
  readonly ends: readonly number[]
}

export interface PartTask {
  readonly kind: 'part'
  /** All asked of this source. */
  readonly source: string
  readonly asked: readonly Asked[]
  /** SQL that holds for every row whose key is of the part. */
  readonly only: string | undefined
}

export interface PartDone {
  /** By what was asked, and by piece: its aggregates in the group's order, row for row. */
  readonly features: readonly (readonly (readonly Column[])[])[]
}

export async function performPart(ground: Ground, { source, asked, only }: PartTask, tell: (told: Told) => void): Promise<PartDone> {
  const { at, pin } = ground.source(source)
  const requests = asked.map(({ need, keys, asOfUs }) => ({ group: needAt(ground, need).group, keys, asOfUs }))
  const { clock } = needAt(ground, asked[0]?.need ?? 0)
  const onRows = (rows: number, total: number) => tell({ rows, total })
  const { features } = await historyFeatures(ground.database, at, pin, requests, { clock, only, onRows })
  return { features: features.map((columns, i) => cut(columns, (asked[i] as Asked).ends)) }
}

function cut(columns: readonly Column[], ends: readonly number[]): readonly (readonly Column[])[] {
  return ends.map((end, piece) => columns.map(column => range(column, ends[piece - 1] ?? 0, end)))
}

function needAt({ needs }: Ground, at: number): Ground['needs'][number] {
  return needs[at] as Ground['needs'][number]
}

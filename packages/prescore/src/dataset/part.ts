/** The features of some keys: those of one part, so that no more of the events is in memory at once. */
import type { Column, NumberColumn } from '../expressions/index.ts'
import type { Sheet } from '../features/index.ts'
import { Division, historySheets, type Peers, PeerTalk, type Sharing } from '../history/index.ts'
import { dealtEvents } from './deal.ts'
import type { Ground, Told } from './ground.ts'
import { type PartedRows, rowsOf } from './parted-rows.ts'
import { writeRecords } from './records.ts'
import { type SharedColumns, valuesOf } from './shared-columns.ts'

/** Rows that ask for the same need. */
export interface Asked {
  /** Its place in the list of needs. */
  readonly need: number
  readonly keys: readonly Column[]
  readonly asOfUs: Float64Array
  /** The rows in their order, cut by where their answers go. */
  readonly sheets: readonly AskedSheet[]
}

/** Rows of one block, or of all whose answers go to a file. Plain data. */
export interface AskedSheet {
  readonly queries: number
  /** Where their answers are written to: columns in memory, or a file of records. Without either they are handed over. */
  readonly shared?: SharedColumns
  readonly file?: string
  /** Of each of them its row in its block. */
  readonly rows?: Int32Array
}

/** Which keys a part has: shares of those of some needs, which are divided into so many. Plain data. */
export interface PartKeys {
  readonly needs: readonly number[]
  readonly shares: readonly number[]
  readonly of: number
}

/** Plain data, but for the ports of the peers. */
export interface Together {
  readonly peers: Peers
  /** The part of each peer. */
  readonly parts: readonly number[]
  /** How many parts there are in all. */
  readonly of: number
  readonly asOfUs: number
}

export interface PartTask {
  readonly kind: 'part'
  /** All asked of this source. */
  readonly source: string
  readonly asked: readonly Asked[]
  readonly keys: PartKeys
  /** Threads that have the other parts at the same time. */
  readonly together?: Together
  /** Its events, where they were sorted out: then the source is not read. */
  readonly events?: readonly PartedRows[]
}

export interface PartDone {
  /** By what was asked, and by sheet: its aggregates in the group's order, row for row; none where they are written already. */
  readonly features: readonly (readonly (readonly Column[])[])[]
}

export async function performPart(ground: Ground, task: PartTask, tell: (told: Told) => void): Promise<PartDone> {
  const { source, asked, keys: own, together } = task
  const { at, pin } = ground.source(source)
  const requests = asked.map(({ need, keys, asOfUs, sheets }) => {
    const { group } = needAt(ground, need)
    return { group, keys, asOfUs, sheets: sheets.map(sheet => placed(sheet, Object.keys(group.features).length)) }
  })
  const groups = own.needs.map(need => needAt(ground, need).group)
  const only = new Division(at.definition, groups, own.of).condition(own.shares)
  const { clock } = needAt(ground, asked[0]?.need ?? 0)
  const talk = together === undefined ? undefined : new PeerTalk(together.peers)
  const sharing = talk === undefined ? undefined : { talk, ...sharingOf(ground, task, together as Together) }
  const events = task.events === undefined ? undefined : { rows: eventsIn(task.events), chunks: dealtEvents(task.events) }
  try {
    const onRows = (rows: number, total: number) => tell({ rows, total })
    const options = { clock, only, onRows, sharing, events, room: ground.room }
    const { sheets } = await historySheets(ground.database, at, pin, requests, options)
    return { features: sheets.map((own, i) => own.map((columns, s) => handedOver(columns, asked[i]?.sheets[s] as AskedSheet))) }
  } finally {
    talk?.leave()
  }
}

function handedOver(columns: readonly Column[], { shared, file, rows }: AskedSheet): readonly Column[] {
  if (file !== undefined && rows !== undefined)
    writeRecords(
      file,
      rows,
      columns.map(column => (column as NumberColumn).values),
    )
  return shared === undefined && file === undefined ? columns : []
}

function eventsIn(files: readonly PartedRows[]): number {
  return files.reduce((rows, file) => rows + rowsOf(file), 0)
}

function sharingOf(ground: Ground, { source, asked }: PartTask, { parts, of, asOfUs }: Together): Omit<Sharing, 'talk'> {
  const groups = asked.map(({ need }) => needAt(ground, need).group)
  return { division: new Division(ground.source(source).at.definition, groups, of), parts: parts.map(part => [part]), asOfUs }
}

function placed({ queries, shared, rows }: AskedSheet, columns: number): Sheet {
  return shared === undefined || rows === undefined ? { queries } : { queries, place: { rows, columns: valuesOf(shared, columns) } }
}

function needAt({ needs }: Ground, at: number): Ground['needs'][number] {
  return needs[at] as Ground['needs'][number]
}

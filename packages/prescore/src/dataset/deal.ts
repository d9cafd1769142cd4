/**
 * The events of a source, sorted out to the parts of the keys that need them: each thread reads a slice of the source once, instead of all
 * of it for each of its parts.
 */
import type { Chunk, Column } from '../expressions/index.ts'
import { Division, eventColumns, sourceKeyColumns } from '../history/index.ts'
import { freeAllLetGo, freeLetGo } from '../parquet/index.ts'
import { rowScope } from '../project/index.ts'
import { type ScannedChunk, type ScanSlice, scanSource } from '../sources/index.ts'
import type { Ground, Told } from './ground.ts'
import { partedChunks } from './parted-chunks.ts'
import { type ColumnTypes, NO_PART, type PartedRows, PartedWriter } from './parted-rows.ts'

export interface DealTask {
  readonly kind: 'deal'
  readonly source: string
  /** The needs whose events they are, by their places in the list. */
  readonly needs: readonly number[]
  readonly slice: ScanSlice
  /** Of event times. */
  readonly fromUs: number
  readonly untilUs: number
  readonly parts: number
  /** Of each share of the keys the part that has it; below 0: none. */
  readonly partOfShare: Int32Array
  readonly pieceRows: number
  readonly file: string
}

export interface DealDone {
  readonly events: PartedRows
}

/** Of so many chunks what was made is let go of together. */
const CHUNKS_LET_GO = 16

const TIME = 'time'
const KNOWN_AT = 'known at'
const MOMENT = { kind: 'timestamp' } as const

/** How many columns a row of them has. */
export function dealtWidth(project: Ground['project'], needs: Ground['needs'], task: Pick<DealTask, 'source' | 'needs'>): number {
  return columnsOf({ project, needs }, task).length
}

export async function performDeal(ground: Ground, task: DealTask, tell: (told: Told) => void): Promise<DealDone> {
  const { slice, fromUs, untilUs, parts, partOfShare } = task
  const { at, pin } = ground.source(task.source)
  const groups = task.needs.map(need => groupOf(ground, need))
  const division = new Division(at.definition, groups, partOfShare.length)
  const columns = columnsOf(ground, task)
  const writer = new PartedWriter(task.file, columns, parts, task.pieceRows)
  const scan = {
    columns: groups.flatMap(group => [...eventColumns(at, group)]),
    fromUs,
    untilUs,
    slice,
    passing: true,
    onRows: (rows: number, total: number) => tell({ rows, total }),
  }
  try {
    let chunks = 0
    for await (const chunk of scanSource(ground.database, at, pin, scan)) {
      if (++chunks % CHUNKS_LET_GO === 0) freeLetGo()
      const before: Int32Array[] = []
      for (const [i, group] of groups.entries()) {
        const keys = sourceKeyColumns(group).map(name => chunk.columns.get(`row.${name}`) as Column)
        const shares = await division.partsOf(ground.database, i, keys, chunk.rows)
        const partOf = partsAt(shares, partOfShare, before)
        before.push(partOf)
        writer.append(rowsOf(chunk), partOf)
      }
    }
    return { events: writer.finish() }
  } finally {
    writer.close()
    freeAllLetGo()
  }
}

/** What was sorted out for a part, as a scan gives it. */
export function* dealtEvents(files: readonly PartedRows[]): Generator<ScannedChunk> {
  for (const file of files) {
    for (const { rows, columns } of partedChunks(file)) {
      const [timeUs, knownAtUs] = [TIME, KNOWN_AT].map(name => (columns.get(name) as { readonly values: Float64Array }).values)
      yield { rows, columns, timeUs: timeUs as Float64Array, knownAtUs: knownAtUs as Float64Array }
    }
  }
}

function groupOf({ needs }: Pick<Ground, 'needs'>, need: number): Ground['needs'][number]['group'] {
  return (needs[need] as Ground['needs'][number]).group
}

function columnsOf(ground: Pick<Ground, 'project' | 'needs'>, { source, needs }: Pick<DealTask, 'source' | 'needs'>): ColumnTypes {
  const definition = ground.project.sources[source] as NonNullable<(typeof ground.project.sources)[string]>
  const scope = rowScope(definition)
  const names = new Set(needs.flatMap(need => [...eventColumns({ name: source, definition }, groupOf(ground, need))]))
  const own = [...names].map(name => [`row.${name}`, scope.get(`row.${name}`)] as ColumnTypes[number])
  return [[TIME, MOMENT], [KNOWN_AT, MOMENT], ...own]
}

function rowsOf({ rows, columns, timeUs, knownAtUs }: ScannedChunk): Chunk {
  const moments = (values: Float64Array): Column => ({ type: MOMENT, values })
  return { rows, columns: new Map([...columns, [TIME, moments(timeUs)], [KNOWN_AT, moments(knownAtUs)]]) }
}

/** @param before the parts that have the rows already */
function partsAt(shares: Int32Array, partOfShare: Int32Array, before: readonly Int32Array[]): Int32Array {
  const parts = new Int32Array(shares.length)
  for (let row = 0; row < shares.length; row++) {
    const part = partOfShare[shares[row] as number] as number
    parts[row] = before.some(each => each[row] === part) ? NO_PART : part
  }
  return parts
}

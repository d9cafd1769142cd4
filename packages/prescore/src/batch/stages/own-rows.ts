/**
 * Rows that have their features themselves, in the order in which the table has them: whoever reads them is told of each row's vector and
 * of its place among the keys that are asked for.
 */
import { PrescoreError } from '../../base/index.ts'
import type { Chunk, Column } from '../../expressions/index.ts'
import { keyPlaces, NO_KEY, ownRows } from '../../history/index.ts'
import type { SourceDefinition } from '../../project/index.ts'
import { type ScanSlice, scanSource } from '../../sources/index.ts'
import type { RunContext } from '../context.ts'
import { boundsOf, conditionOf } from '../rows.ts'
import { ownTable } from './own-table.ts'

/** Rows told at once. */
const BLOCK_ROWS = 16_384

/** Some rows that were asked for. */
export interface OwnBlock {
  readonly rows: number
  /** By row. */
  readonly places: Int32Array
  /** A column for each feature; the arrays are longer, and written over by the next block. */
  readonly columns: readonly Float64Array[]
}

/**
 * @param rows with `key.*`, in the order of the keys' bytes
 * @param take is told of each of them once
 * @param slice of the table; left out: all of it
 * @returns how many rows there were: for each key there must be one
 * @throws PrescoreError `source_changed`, and what else a scan may throw; `lossy_cast`
 */
export async function readOwnRows(
  context: RunContext,
  rows: Chunk,
  take: (block: OwnBlock) => Promise<void> | void,
  slice?: ScanSlice,
): Promise<number> {
  const { project, prediction, assembly, plan, database } = context
  const { entity = {} } = prediction
  const own = ownRows(project, prediction, assembly)
  const asked = Object.keys(entity).map(name => rows.columns.get(`key.${name}`) as Column)
  const places = keyPlaces(entity, asked, rows.rows)
  // Whoever reads a slice is asked for most of what is in it.
  const only = slice === undefined ? onlyAmong(own.keys, asked, project.sources[own.source] as SourceDefinition) : undefined
  const { source, pin } = await ownTable(context, own.source)
  const block = new Block(assembly.vector.names.length)
  const scan = {
    columns: own.columns,
    passing: true,
    ...(only === undefined ? {} : { only: { sql: only } }),
    ...(slice === undefined ? {} : { slice }),
  }
  let met = 0
  for await (const chunk of scanSource(database, source, pin, scan)) {
    const found = places.of(
      own.keys.map(name => chunk.columns.get(`row.${name}`) as Column),
      chunk.rows,
    )
    const vector = own.vector(chunk, plan.asOfUs)
    for (let from = 0; from < chunk.rows; ) {
      from = block.add(vector, found, from, chunk.rows)
      if (block.rows === BLOCK_ROWS) met += await told(block, take)
    }
  }
  if (block.rows > 0) met += await told(block, take)
  return met
}

/** @throws PrescoreError `run_corrupt` where the table has not one row for each key */
export function checkMet({ populationFile }: RunContext, keys: number, rows: number): void {
  if (rows === keys) return
  throw new PrescoreError('run_corrupt', { where: populationFile, found: `${rows} rows of these keys in the table`, expected: `${keys}` })
}

async function told(block: Block, take: (block: OwnBlock) => Promise<void> | void): Promise<number> {
  const { rows } = block
  await take(block)
  block.clear()
  return rows
}

/** The vectors of rows by place. @throws PrescoreError as {@link readOwnRows} and {@link checkMet} */
export async function ownVectors(context: RunContext, rows: Chunk): Promise<readonly Float64Array[]> {
  const vectors = context.assembly.vector.names.map(() => new Float64Array(rows.rows))
  const met = await readOwnRows(context, rows, ({ rows: count, places, columns }) => {
    columns.forEach((column, feature) => {
      const vector = vectors[feature] as Float64Array
      for (let i = 0; i < count; i++) vector[places[i] as number] = column[i] as number
    })
  })
  checkMet(context, rows.rows, met)
  return vectors
}

class Block implements OwnBlock {
  rows = 0
  readonly places = new Int32Array(BLOCK_ROWS)
  readonly columns: readonly Float64Array[]

  constructor(features: number) {
    this.columns = Array.from({ length: features }, () => new Float64Array(BLOCK_ROWS))
  }

  /** Adds the rows from `from` on that have a place, until the block is full. @returns the first row that is still to come */
  add(vector: readonly Float64Array[], places: Int32Array, from: number, to: number): number {
    const first = this.rows
    let row = from
    let count = first
    for (; row < to && count < BLOCK_ROWS; row++) {
      const place = places[row] as number
      if (place !== NO_KEY) this.places[count++] = place
    }
    const isAll = count - first === row - from
    this.columns.forEach((column, feature) => {
      const values = vector[feature] as Float64Array
      if (isAll) column.set(values.subarray(from, row), first)
      else for (let i = from, at = first; i < row; i++) if (places[i] !== NO_KEY) column[at++] = values[i] as number
    })
    this.rows = count
    return row
  }

  clear(): void {
    this.rows = 0
  }
}

/** The SQL condition that a row's key lies within those of the rows, as far as it can be told. */
function onlyAmong(names: readonly string[], keys: readonly Column[], source: SourceDefinition): string | undefined {
  const bounds = names.flatMap((name, i) => (Object.hasOwn(source.columns, name) ? boundsOf(name, keys[i] as Column) : []))
  return bounds.length === 0 ? undefined : conditionOf(bounds)
}

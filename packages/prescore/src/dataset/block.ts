/** Some rows of a training set, finished: joined with what they need, labelled, scored if that is wanted, and made a row group. */
import { type Chunk, type Column, type NumberColumn, numberValues, stringColumn, takeRows, type ValueType } from '../expressions/index.ts'
import { type ScoredRows, scoreRows, valueNames } from '../history/index.ts'
import type { ModelRunner } from '../models/index.ts'
import { type RowGroup, type StoredColumns, writeRowGroup } from '../parquet/index.ts'
import { featureTypes, rowScope, type SourceDefinition } from '../project/index.ts'
import type { Ground, Told } from './ground.ts'
import { whole } from './pieces.ts'
import { readRecords } from './records.ts'
import type { BlockResult } from './results.ts'
import { valuesOf } from './shared-columns.ts'
import { columnsOf, storedName } from './table.ts'

export interface BlockTask {
  readonly kind: 'block'
  readonly number: number
  /** Of the rows themselves: `key.*`, `input.*`, `asOf`, and `row.*` where the label reads them. */
  readonly rows: Chunk
  /** By need. Rows are counted from the block's first. */
  readonly results: readonly BlockResult[]
  /** Labels of rows with a later as-of are not known yet. */
  readonly knownUntilUs: number
  /** Where its bytes go. */
  readonly file: string
}

export interface BlockDone {
  readonly rows: number
  /** Rows left out because their label is missing or not known yet. */
  readonly unlabelled: number
  /** Rows without a value, by why. */
  readonly rejected: Readonly<Record<string, number>>
  readonly columns: StoredColumns
  readonly group: RowGroup
}

export async function performBlock(ground: Ground, task: BlockTask, tell: (told: Told) => void): Promise<BlockDone> {
  const { prediction, assembly, model } = ground
  // Parts are done.
  ground.room.clear()
  const all = withNeeds(ground, task)
  const { rows, label } = labelled(ground, all, task.knownUntilUs)
  const vector = assembly.vector.columns(rows)
  const columns = new Map<string, Column>([...rows.columns].map(([name, column]) => [storedName(name), column]))
  prediction.features.forEach(({ name }, i) => {
    columns.set(name, { type: { kind: 'float64' }, values: vector[i] as Float64Array })
  })
  columns.set('label', { type: ground.label.type, values: label })
  const scored = model === undefined ? undefined : await scoreRows(assembly, model, vector, rows.rows, () => {})
  if (model !== undefined && scored !== undefined) for (const [name, column] of valueColumns(scored, model)) columns.set(name, column)
  const stored = columnsOf(ground)
  const group = await writeRowGroup(task.file, stored, { rows: rows.rows, columns })
  tell({ rows: all.rows, total: all.rows })
  return { rows: rows.rows, unlabelled: all.rows - rows.rows, rejected: countsOf(scored), columns: stored, group }
}

/** The rows with `join.*` and `next.*` beside their own columns. */
function withNeeds({ project, needs }: Ground, { rows, results }: BlockTask): Chunk {
  const columns = new Map(rows.columns)
  needs.forEach(({ join, group }, i) => {
    const types = [...featureTypes(group, rowScope(project.sources[group.source] as SourceDefinition)).values()]
    const joined = resultColumns(results[i] as BlockResult, types, rows.rows)
    Object.keys(group.features).forEach((name, at) => {
      columns.set(join === undefined ? `next.${name}` : `join.${join}.${name}`, joined[at] as Column)
    })
  })
  return { rows: rows.rows, columns }
}

function resultColumns({ shared, records, pieces }: BlockResult, types: readonly ValueType[], rows: number): readonly Column[] {
  if (shared === undefined && records.length === 0) return whole(pieces, types, rows)
  const values = shared === undefined ? types.map(() => new Float64Array(rows)) : valuesOf(shared, types.length)
  readRecords(records, values)
  return values.map((own, i) => ({ type: types[i] as ValueType, values: own }))
}

function labelled({ prediction, label }: Ground, all: Chunk, knownUntilUs: number): { readonly rows: Chunk; readonly label: Float64Array } {
  const labels = numberValues(label(all), `predictions.${prediction.name}.training.label`, all.rows)
  const { values: asOfUs } = all.columns.get('asOf') as NumberColumn
  const kept = new Int32Array(all.rows)
  let count = 0
  for (let i = 0; i < all.rows; i++) if (!Number.isNaN(labels[i]) && (asOfUs[i] as number) <= knownUntilUs) kept[count++] = i
  if (count === all.rows) return { rows: all, label: labels }
  const some = kept.subarray(0, count)
  const columns = new Map([...all.columns].map(([name, column]) => [name, takeRows(column, some)] as const))
  return { rows: { rows: count, columns }, label: Float64Array.from(some, i => labels[i] as number) }
}

/** A rejected row has a code, and no value. */
function valueColumns({ values, rejected }: ScoredRows, { width }: ModelRunner): readonly (readonly [string, Column])[] {
  const column = (at: number): NumberColumn => {
    const own = new Float64Array(rejected.length)
    for (let i = 0; i < own.length; i++) own[i] = rejected[i] === undefined ? (values[i * width + at] as number) : Number.NaN
    return { type: { kind: 'float64' }, values: own }
  }
  return [...valueNames(width).map((name, at) => [name, column(at)] as const), ['rejected', stringColumn(rejected)]]
}

function countsOf(scored: ScoredRows | undefined): BlockDone['rejected'] {
  const counts: Record<string, number> = {}
  for (const code of scored?.rejected ?? []) if (code !== undefined) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

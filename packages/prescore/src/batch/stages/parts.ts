/**
 * Part files of stage 1: for each join one file, with the keys of the part (`key_*`) and their features (`feature_*`).
 * What is missing is NULL; times and durations are their exact microseconds.
 */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PrescoreError } from '../../base/index.ts'
import { type Column, type Kind, takeRows, type ValueType } from '../../expressions/index.ts'
import { askedKeys, NO_KEY } from '../../history/index.ts'
import { type ColumnKinds, writeGroups } from '../../parquet/index.ts'
import { featureTypes, type JoinDefinition, type KeyColumns, rowScope, type SourceDefinition } from '../../project/index.ts'
import type { RunContext } from '../context.ts'
import { boundsOf, readWithin } from '../rows.ts'
import { readFeaturesManifest } from './features-manifest.ts'
import { placedColumn } from './placed-column.ts'

/** Shards read ranges of the keys: little is read that is not theirs. */
const GROUP_ROWS = 16_384

interface PartShape {
  readonly entity: KeyColumns
  readonly features: readonly (readonly [column: string, ValueType])[]
  readonly kinds: ColumnKinds
}

function partShape({ project, prediction }: RunContext, name: string): PartShape {
  const group = prediction.joins[name] as JoinDefinition
  const types = featureTypes(group, rowScope(project.sources[group.source] as SourceDefinition))
  const features = [...types].map(([feature, type]) => [`feature_${feature}`, type] as const)
  const keys = Object.entries(group.entity).map(([column, kind]) => [`key_${column}`, kind] as const)
  const kinds = Object.fromEntries([...keys, ...features.map(([column, { kind }]) => [column, storedKind(kind)] as const)])
  return { entity: group.entity, features, kinds }
}

function storedKind(kind: Kind): Kind {
  return kind === 'duration' || kind === 'timestamp' ? 'int64' : kind
}

/** Writes the keys (columns in the entity's order) and features (in the group's order) of one join. */
export async function writePart(
  context: RunContext,
  name: string,
  part: number,
  file: string,
  keys: readonly Column[],
  features: readonly Column[],
): Promise<void> {
  const { kinds } = partShape(context, name)
  const folder = context.layout.shard('features', part)
  const all = [...keys, ...features]
  const columns = new Map(Object.keys(kinds).map((column, i) => [column, all[i] as Column]))
  await mkdir(folder, { recursive: true })
  await writeGroups(join(folder, file), kinds, [{ rows: rowsOf(all[0] as Column), columns }], GROUP_ROWS)
}

function rowsOf(column: Column): number {
  return 'codes' in column ? column.codes.length : column.values.length
}

/**
 * The features of each row's joined key, from all parts. A row whose joined key is missing has everything missing.
 * @throws PrescoreError `run_corrupt`, also when a key is in no part
 */
export async function joinedFeatures(context: RunContext, name: string, keys: readonly Column[], rows: number): Promise<readonly Column[]> {
  const { entity, features, kinds } = partShape(context, name)
  const asked = askedKeys(entity, keys, rows)
  const placed = features.map(([, type]) => placedColumn(type, asked.size))
  const names = Object.keys(entity).map(column => `key_${column}`)
  // Shards are ranges of the population, whose order parts have too: most of a part is not even read.
  const bounds = names.flatMap((column, i) => boundsOf(column, keys[i] as Column))
  let found = 0
  for (let part = 0; part < context.plan.shards.features; part++) {
    for await (const chunk of readWithin(context.database, await partFile(context, name, part), kinds, bounds)) {
      const numbers = asked.numbers.of(
        names.map(column => chunk.columns.get(column) as Column),
        chunk.rows,
      )
      for (let i = 0; i < chunk.rows; i++) if (numbers[i] !== NO_KEY) found++
      features.forEach(([column], i) => placed[i]?.put(chunk.columns.get(column) as Column, numbers, chunk.rows))
    }
  }
  if (found !== asked.size)
    throw new PrescoreError('run_corrupt', {
      where: `${context.layout.folder}, features of ${name}`,
      found: `${found} keys`,
      expected: `${asked.size}`,
    })
  const columns = placed.map(each => each.column())
  return asked.keyOf === undefined ? columns : columns.map(column => spread(column, asked.keyOf as Int32Array))
}

async function partFile(context: RunContext, name: string, part: number): Promise<string> {
  const manifest = await readFeaturesManifest(context, part)
  const file = manifest?.files[name]?.file
  if (file !== undefined) return join(context.layout.shard('features', part), file)
  throw new PrescoreError('run_corrupt', { where: context.layout.done('features', part), found: `no file for ${name}` })
}

/** The stored rows by row of the population; missing where there is none. */
function spread(column: Column, rowOf: Int32Array): Column {
  if (!rowOf.includes(NO_KEY)) return takeRows(column, rowOf)
  if ('codes' in column) return { ...column, codes: rowOf.map(row => column.codes[row] ?? -1) }
  const { exact } = column
  const spreadColumn = { ...column, values: Float64Array.from(rowOf, row => column.values[row] ?? Number.NaN) }
  return exact === undefined ? spreadColumn : { ...spreadColumn, exact: BigInt64Array.from(rowOf, row => exact[row] ?? 0n) }
}

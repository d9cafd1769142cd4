/**
 * Stage 1: features of the joined entities. A shard is a part of their keys, because features of other entities do not split by the
 * population's key. One scan of a source serves all parts that a worker was given, and decodes little more than their rows.
 */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Column, takeRows } from '../../expressions/index.ts'
import { Division, type FeatureRequest, historyFeatures, KeyIndex, keyColumns, PeerTalk } from '../../history/index.ts'
import type { JoinDefinition, SourceDefinition } from '../../project/index.ts'
import type { SourcePin } from '../../sources/index.ts'
import { claim } from '../claim.ts'
import { type RunContext, sourceOf } from '../context.ts'
import type { Together } from '../engines/task.ts'
import type { OnRows } from '../progress.ts'
import { readPopulation } from '../rows.ts'
import { type FeaturesManifest, readFeaturesManifest } from './features-manifest.ts'
import { writePart } from './parts.ts'
import { originsOf, rowsOfOrigin, someRows } from './taken.ts'

/** One part of the joined keys of one join. */
interface PartOfJoin {
  readonly join: string
  readonly part: number
  readonly keys: readonly Column[]
  readonly rows: number
}

/**
 * Computes these parts and claims each; parts that are done already are left as they are.
 * @param together who computes the others at the same time, and can read with this one
 */
export async function computeFeatures(context: RunContext, parts: readonly number[], onRows: OnRows, together?: Together): Promise<void> {
  const talk = together === undefined ? undefined : new PeerTalk(together.peers)
  try {
    await computeParts(context, parts, onRows, talk, together?.shards ?? [])
  } finally {
    talk?.leave()
  }
}

async function computeParts(
  context: RunContext,
  parts: readonly number[],
  onRows: OnRows,
  talk: PeerTalk | undefined,
  shared: readonly (readonly number[])[],
): Promise<void> {
  const started = performance.now()
  const done = await Promise.all(parts.map(part => readFeaturesManifest(context, part)))
  const open = parts.filter((_, i) => done[i] === undefined)
  if (open.length === 0) return
  const wanted = await joinedKeys(context, open)
  const features = new Map<PartOfJoin, readonly Column[]>()
  const knownThroughUs: Record<string, number | null> = {}
  for (const source of new Set(context.assembly.joins.map(({ definition }) => definition.source))) {
    const here = wanted.filter(each => groupOf(context, each).source === source)
    const requests = here.map(each => requestOf(context, each))
    const pin = context.plan.pins[source] as SourcePin
    const division = divisionOf(context, source)
    const computed = await historyFeatures(context.database, sourceOf(context, source), pin, requests, {
      clock: 'as-served',
      only: division.condition(open),
      sharing: talk === undefined ? undefined : { talk, division, parts: shared, asOfUs: context.plan.asOfUs },
      onRows: (rows, total) => onRows(rows, { source, total }),
    })
    here.forEach((each, i) => features.set(each, computed.features[i] as readonly Column[]))
    if (context.project.sources[source]?.time !== undefined) knownThroughUs[source] = computed.knownThroughUs ?? null
  }
  const seconds = (performance.now() - started) / 1000
  for (const part of open) {
    const files = await writeFiles(
      context,
      wanted.filter(each => each.part === part),
      features,
    )
    if (await claim(context.layout.done('features', part), { part, files, knownThroughUs, seconds } satisfies FeaturesManifest)) continue
    for (const { file } of Object.values(files)) await rm(join(context.layout.shard('features', part), file), { force: true })
  }
}

/** The distinct keys of each join over the whole population, of these parts. What is taken over needs no features. */
async function joinedKeys(context: RunContext, parts: readonly number[]): Promise<readonly PartOfJoin[]> {
  const { plan, assembly, prediction, database, populationFile } = context
  const all = await readPopulation(database, populationFile, prediction, plan.asOfUs, [[0, plan.population.rows]])
  const origins = await originsOf(context, 0, all.rows)
  const rows = origins === undefined ? all : someRows(all, rowsOfOrigin(origins, 0))
  const wanted: PartOfJoin[] = []
  for (const { name, definition, keys } of assembly.joins) {
    const columns = keys(rows)
    const division = divisionOf(context, definition.source)
    const partOfRow = await division.partsOf(database, joinsOf(context, definition.source).indexOf(definition), columns, rows.rows)
    for (const part of parts) {
      // Keys of other parts are not numbered: they are most of them.
      const own = rowsIn(partOfRow, part)
      const index = new KeyIndex(definition.entity)
      index.add(
        columns.map(column => takeRows(column, own)),
        own.length,
      )
      const all = Int32Array.from({ length: index.size }, (_, number) => number)
      const ownKeys = keyColumns(index, definition.entity, all).map(([, column]) => column)
      wanted.push({ join: name, part, keys: ownKeys, rows: index.size })
    }
  }
  return wanted
}

function rowsIn(partOfRow: Int32Array, part: number): Int32Array {
  const rows = new Int32Array(partOfRow.length)
  let count = 0
  partOfRow.forEach((each, row) => {
    if (each === part) rows[count++] = row
  })
  return rows.slice(0, count)
}

/** The same in every worker: which part a key is of must not depend on who asks. */
function divisionOf(context: RunContext, source: string): Division {
  return new Division(context.project.sources[source] as SourceDefinition, joinsOf(context, source), context.plan.shards.features)
}

function joinsOf({ assembly }: RunContext, source: string): readonly JoinDefinition[] {
  return assembly.joins.map(({ definition }) => definition).filter(definition => definition.source === source)
}

function groupOf({ prediction }: RunContext, { join }: PartOfJoin): JoinDefinition {
  return prediction.joins[join] as JoinDefinition
}

function requestOf(context: RunContext, each: PartOfJoin): FeatureRequest {
  return { group: groupOf(context, each), keys: each.keys, asOfUs: new Float64Array(each.rows).fill(context.plan.asOfUs) }
}

async function writeFiles(
  context: RunContext,
  joins: readonly PartOfJoin[],
  features: ReadonlyMap<PartOfJoin, readonly Column[]>,
): Promise<FeaturesManifest['files']> {
  const attempt = randomUUID()
  const files: Record<string, { file: string; rows: number }> = {}
  for (const each of joins) {
    const file = `${each.join}-${attempt}.parquet`
    await writePart(context, each.join, each.part, file, each.keys, features.get(each) as readonly Column[])
    files[each.join] = { file, rows: each.rows }
  }
  return files
}

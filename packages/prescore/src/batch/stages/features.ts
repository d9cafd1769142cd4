/**
 * Stage 1: features of the joined entities. A shard is a part of their keys, because features of other entities do not split by the
 * population's key. One scan of a source serves all parts that a worker was given, and decodes little more than their rows.
 */
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Chunk, Column } from '../../expressions/index.ts'
import { Division, type FeatureRequest, historyFeatures, PeerTalk } from '../../history/index.ts'
import type { ModelRunner } from '../../models/index.ts'
import type { JoinDefinition, SourceDefinition } from '../../project/index.ts'
import type { SourcePin } from '../../sources/index.ts'
import { claim } from '../claim.ts'
import { type RunContext, sourceOf } from '../context.ts'
import type { Together } from '../engines/task.ts'
import { populationKinds } from '../population.ts'
import type { OnRows } from '../progress.ts'
import { RowStream } from '../row-stream.ts'
import { populationChunk } from '../rows.ts'
import { type FeaturesManifest, readFeaturesManifest } from './features-manifest.ts'
import { joinedKeysOf } from './joined-keys.ts'
import { writePart } from './parts.ts'
import { type ComputedPart, holdParts, PartRows, type PartShards } from './score-parts.ts'
import { originsOf, rowsOfOrigin, someRows } from './taken.ts'

/** Of events, what each worker holds in memory; what is more waits in a file of the run. */
export const EVENT_BYTES_HELD = 32 * 1024 * 1024

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
 * @param model of a run whose rows are all computed at the same time: then they are scored as well, if nobody has left
 * @returns with a model, the shards of scores
 */
export async function computeFeatures(
  context: RunContext,
  parts: readonly number[],
  onRows: OnRows,
  together?: Together,
  model?: () => Promise<ModelRunner>,
): Promise<PartShards | undefined> {
  const talk = together === undefined ? undefined : new PeerTalk(together.peers)
  try {
    const computed = await computeParts(context, parts, onRows, talk, together?.shards ?? [], model !== undefined)
    return model === undefined || computed === undefined
      ? undefined
      : await holdParts(context, await model(), computed, talk, () => onRows(0))
  } finally {
    talk?.leave()
  }
}

/** @param collects whether the rows of each part are wanted with their features. @returns undefined where some were there before, or their rows differ by join */
async function computeParts(
  context: RunContext,
  parts: readonly number[],
  onRows: OnRows,
  talk: PeerTalk | undefined,
  shared: readonly (readonly number[])[],
  collects: boolean,
): Promise<readonly ComputedPart[] | undefined> {
  const started = performance.now()
  const done = await Promise.all(parts.map(part => readFeaturesManifest(context, part)))
  const open = parts.filter((_, i) => done[i] === undefined)
  if (open.length === 0) return undefined
  const rows = collects ? open.map(() => new PartRows(context)) : []
  const wanted = await joinedKeys(context, open, rows)
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
      spill: { prefix: join(context.layout.folder, 'events-'), room: EVENT_BYTES_HELD },
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
  if (!collects || open.length < parts.length || !rows.every(({ areOfAllJoins }) => areOfAllJoins)) return undefined
  return open.map((part, i): ComputedPart => {
    const own = wanted.filter(each => each.part === part)
    return { rows: rows[i] as PartRows, features: new Map(own.map(each => [each.join, features.get(each) as readonly Column[]])) }
  })
}

/** Rows of the population that are looked at together. */
const BLOCK_ROWS = 65_536

/** The distinct keys of each join over the whole population, of these parts: no others are held. What is taken over needs no features. */
async function joinedKeys(context: RunContext, parts: readonly number[], partRows: readonly PartRows[]): Promise<readonly PartOfJoin[]> {
  const { assembly, database, prediction } = context
  const joins = assembly.joins.map(join => ({
    ...join,
    division: divisionOf(context, join.definition.source),
    group: joinsOf(context, join.definition.source).indexOf(join.definition),
    found: parts.map(() => joinedKeysOf(join.definition, prediction.entity ?? {})),
  }))
  let from = 0
  for await (const rows of populationBlocks(context)) {
    for (const [at, { keys, division, group, found }] of joins.entries()) {
      const columns = keys(rows)
      const partOfRow = await division.partsOf(database, group, columns, rows.rows)
      parts.forEach((part, i) => {
        // Those of other parts are most of them.
        const own = rowsIn(partOfRow, part)
        found[i]?.add(columns, own)
        if (at === 0) partRows[i]?.add(rows, own, from)
        else partRows[i]?.check(own)
      })
    }
    from += rows.rows
  }
  return joins.flatMap(({ name, found }) =>
    found.map((keys, i): PartOfJoin => ({ join: name, part: parts[i] as number, keys: keys.columns(), rows: keys.size })),
  )
}

/** The rows that are computed in this run, block by block. */
async function* populationBlocks(context: RunContext): AsyncGenerator<Chunk> {
  const { plan, prediction, database, populationFile } = context
  const stream = new RowStream(database, populationFile, populationKinds(prediction))
  try {
    for (let from = 0; from < plan.population.rows; from += BLOCK_ROWS) {
      const to = Math.min(plan.population.rows, from + BLOCK_ROWS)
      const rows = populationChunk(await stream.take(to - from), prediction, plan.asOfUs)
      const origins = await originsOf(context, from, to)
      yield origins === undefined ? rows : someRows(rows, rowsOfOrigin(origins, 0))
    }
  } finally {
    await stream.close()
  }
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

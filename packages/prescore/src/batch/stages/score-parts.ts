/**
 * Stage 2 where all rows are computed at once: whoever has computed the features of some rows scores them before they are forgotten, so
 * that nobody reads them again. What has come of all rows is shared, and each shard is written when it is asked for.
 */
import { arraysIn, letGo } from '../../base/index.ts'
import { type Chunk, type Column, sliceRows } from '../../expressions/index.ts'
import { columnBuffer, type PeerTalk } from '../../history/index.ts'
import { arrayOf, type ModelRunner } from '../../models/index.ts'
import { withAsOf } from '../../sources/index.ts'
import type { RunContext } from '../context.ts'
import { readPopulation } from '../rows.ts'
import { isOwnKey } from './joined-keys.ts'
import { finishStaged } from './score.ts'
import { shardRange } from './score-manifest.ts'
import type { HeldShards } from './score-own.ts'
import { type Found, ScoredPlaces } from './scored-places.ts'

/** Rows scored at once. */
const BLOCK_ROWS = 16_384

/**
 * Whether the features of a row are all of its own key, of one source, so that one part has them all, and little is lost where it is scored
 * and not claimed: what takes long is better claimed shard by shard. Rows with inputs are, too.
 */
export function scoresWithFeatures({ assembly, prediction, plan }: Pick<RunContext, 'assembly' | 'prediction' | 'plan'>): boolean {
  const joins = assembly.joins.map(({ definition }) => definition)
  // No more than a shard of scores for a part.
  const isLittle = plan.shards.score <= plan.shards.features && prediction.model.remote === undefined
  const isCheap = prediction.model.runtime === 'trees' || isLittle
  const isPlain = plan.rescored === undefined && Object.keys(prediction.inputs).length === 0
  return (
    isCheap &&
    isPlain &&
    joins.length > 0 &&
    joins.every(join => join.source === joins[0]?.source && isOwnKey(join, prediction.entity ?? {}))
  )
}

/** Rows of the population that are of some parts, in the order in which they are met. */
export class PartRows {
  readonly #keys: readonly (readonly [name: string, buffer: ReturnType<typeof columnBuffer>])[]
  #places = new Int32Array(0)
  #last: Int32Array = new Int32Array(0)
  rows = 0
  /** Whether all joins have the same rows in a part: it cannot be told of each division. */
  areOfAllJoins = true

  constructor({ prediction: { entity = {} } }: Pick<RunContext, 'prediction'>) {
    this.#keys = Object.entries(entity).map(([name, kind]) => [`key.${name}`, columnBuffer({ kind })] as const)
  }

  /** The rows of the chunk that was added last, as another join has them. */
  check(rows: Int32Array): void {
    const last = this.#last
    if (rows.length !== last.length || rows.some((row, i) => row !== last[i])) this.areOfAllJoins = false
  }

  /** @param from the place of the chunk's first row in the population */
  add({ columns }: Chunk, rows: Int32Array, from: number): void {
    for (const [name, buffer] of this.#keys) buffer.append(columns.get(name) as Column, rows)
    if (this.#places.length < this.rows + rows.length) {
      const grown = new Int32Array(Math.max(this.rows + rows.length, 2 * this.#places.length))
      grown.set(this.#places)
      this.#places = grown
    }
    for (let i = 0; i < rows.length; i++) this.#places[this.rows + i] = from + (rows[i] as number)
    this.rows += rows.length
    this.#last = rows
  }

  get places(): Int32Array {
    return this.#places.subarray(0, this.rows)
  }

  columns(): ReadonlyMap<string, Column> {
    return new Map(this.#keys.map(([name, buffer]) => [name, buffer.column()]))
  }
}

/** A part with its features. */
export interface ComputedPart {
  readonly rows: PartRows
  /** By join. */
  readonly features: ReadonlyMap<string, readonly Column[]>
}

export interface PartShards extends HeldShards {
  /** That scoring took. */
  readonly seconds: number
}

/**
 * Scores these parts, and hears from the others what has come of theirs.
 * @param told now and then; what it throws ends it
 * @param talk with those who have the other parts; undefined: these are all
 * @returns undefined: one of them has left
 * @throws PrescoreError as scoring does
 */
export async function holdParts(
  context: RunContext,
  model: ModelRunner,
  parts: readonly ComputedPart[],
  talk: PeerTalk | undefined,
  told: () => void,
): Promise<PartShards | undefined> {
  const started = performance.now()
  const { plan } = context
  const ends = Array.from({ length: plan.shards.score }, (_, shard) => shardRange(plan, shard)[1])
  const room = await sharedRoom(plan.population.rows * model.width * arrayOf(model.outputType, 1).BYTES_PER_ELEMENT, talk)
  if (room === undefined) return undefined
  const scored = new ScoredPlaces(context, model, plan.population.rows, ends, room)
  let [rows, all] = [0, 0]
  for (const part of parts) {
    await scorePart(context, scored, part, told)
    rows += part.rows.rows
  }
  letGo(parts.flatMap(({ features }) => [...arraysIn(features)]))
  const found = { rows, ...scored.found } satisfies Found
  for (const each of (await heard(talk, found)) ?? [undefined]) {
    if (each === undefined) return undefined
    if (each !== found) scored.take(each)
    all += each.rows
  }
  if (all !== plan.population.rows) return undefined
  const seconds = (performance.now() - started) / 1000
  const secondsOfRow = seconds / Math.max(1, rows)
  return {
    seconds,
    rejected: scored.found.rejected.size,
    finish: async shard => {
      const [from, to] = shardRange(plan, shard)
      const keys = await readPopulation(context.database, context.populationFile, context.prediction, plan.asOfUs, [[from, to]])
      return finishStaged(context, model, shard, { rows: keys, scored: scored.of(shard).scored, seconds: secondsOfRow * (to - from) })
    },
  }
}

/** Made by the first; undefined: one has left. */
async function sharedRoom(bytes: number, talk: PeerTalk | undefined): Promise<SharedArrayBuffer | undefined> {
  const made = talk === undefined || talk.index === 0 ? new SharedArrayBuffer(bytes) : undefined
  if (talk === undefined) return made
  const told = await talk.exchange(() => made)
  return told === undefined ? undefined : (made ?? (told[0] as SharedArrayBuffer))
}

/** What all have found, this one too; undefined: one has left. */
async function heard(talk: PeerTalk | undefined, own: Found): Promise<readonly Found[] | undefined> {
  if (talk === undefined) return [own]
  return (await talk.exchange(() => own))?.map(each => (each as Found | undefined) ?? own)
}

async function scorePart(
  { assembly, plan }: RunContext,
  scored: ScoredPlaces,
  { rows, features }: ComputedPart,
  told: () => void,
): Promise<void> {
  const { places } = rows
  const keys = rows.columns()
  for (let from = 0; from < rows.rows; from += BLOCK_ROWS) {
    const to = Math.min(rows.rows, from + BLOCK_ROWS)
    const sliced = (column: Column) => sliceRows(column, from, to)
    const chunk = withAsOf({ rows: to - from, columns: new Map([...keys].map(([name, column]) => [name, sliced(column)])) }, plan.asOfUs)
    const joined = new Map([...features].map(([join, columns]) => [join, columns.map(sliced)]))
    const columns = assembly.vector.columns(assembly.joined(chunk, joined))
    told()
    await scored.add({ rows: to - from, places: places.subarray(from, to), columns })
  }
}

/** Stage 2 where rows have their features themselves: they are scored as they are read, and what is kept of a row is its value. */
import { type Chunk, sliceRows } from '../../expressions/index.ts'
import { PeerTalk } from '../../history/index.ts'
import { arrayOf, type ModelRunner } from '../../models/index.ts'
import { freeLetGo } from '../../parquet/index.ts'
import type { PredictionDefinition } from '../../project/index.ts'
import type { ScanSlice } from '../../sources/index.ts'
import type { RunContext } from '../context.ts'
import type { Together } from '../engines/task.ts'
import type { RunPlan } from '../plan.ts'
import { type RowRange, readKeys } from '../rows.ts'
import { checkMet, type OwnBlock, readOwnRows } from './own-rows.ts'
import { finishShard, finishStaged, type ScoredShard } from './score.ts'
import { readScoreManifest, shardRange } from './score-manifest.ts'
import { type Found, ScoredPlaces } from './scored-places.ts'
import { keysIn, sharedKeys } from './shared-keys.ts'
import type { StagedShard } from './staged-piece.ts'

/** Keys of one scan at most: so many are held in memory, and a kill loses what was scored of them. */
const KEYS_AT_ONCE = { integers: 4_000_000, others: 1_000_000 }

/** Whether shards are better scored from one scan than each from its own: what a server has answered is too dear to be lost with others. */
export function shareScan({ model }: Pick<PredictionDefinition, 'model'>): boolean {
  return model.remote === undefined
}

/** Shards in rounds: those of one are scored from one scan. */
export function roundsOfOwn(
  plan: RunPlan,
  prediction: Pick<PredictionDefinition, 'entity' | 'model'>,
  shards: readonly number[],
): readonly (readonly number[])[] {
  const [kind, ...others] = Object.values(prediction.entity ?? {})
  const most = !shareScan(prediction) ? 0 : kind === 'int64' && others.length === 0 ? KEYS_AT_ONCE.integers : KEYS_AT_ONCE.others
  const rounds: number[][] = []
  let keys = 0
  for (const shard of [...shards].sort((a, b) => a - b)) {
    const [from, to] = shardRange(plan, shard)
    keys += to - from
    if (rounds.length > 0 && keys <= most) rounds.at(-1)?.push(shard)
    else {
      rounds.push([shard])
      keys = to - from
    }
  }
  return rounds
}

/** Shards that are scored and not written yet: each is written when it is asked for, and its rows are told as the store takes them. */
export interface HeldShards {
  /** Rows without a value, of all of them. */
  readonly rejected: number
  finish(shard: number): Promise<StagedShard>
}

/**
 * Scores shards with others who read at the same time, and holds them all.
 * @param onRows as they are scored
 * @returns undefined, and nothing is done: one of them has left
 * @throws PrescoreError as {@link scoreOwnShards}
 */
export async function holdOwnShards(
  context: RunContext,
  model: ModelRunner,
  onRows: (rows: number) => void,
  together: Together,
): Promise<HeldShards | undefined> {
  const round = await scoredShared(context, model, onRows, together)
  return round === undefined ? undefined : { rejected: round.found.rejected.size, finish: shard => round.finishStaged(shard) }
}

/**
 * Scores these shards and claims each; those that are done already are left as they are.
 * @param together who scores others at the same time, and can read with this one
 * @throws PrescoreError as `scoreShard`, `source_changed`
 */
export async function scoreOwnShards(
  context: RunContext,
  model: ModelRunner,
  shards: readonly number[],
  onRows: (rows: number) => void,
  together?: Together,
): Promise<void> {
  const shared = together === undefined ? undefined : await scoredShared(context, model, onRows, together)
  if (shared !== undefined) return shared.finish(shards)
  const open: number[] = []
  for (const shard of shards) {
    const [from, to] = shardRange(context.plan, shard)
    if ((await readScoreManifest(context, shard)) === undefined) open.push(shard)
    else onRows(to - from)
  }
  for (const some of roundsOfOwn(context.plan, context.prediction, open)) {
    const round = await Round.of(context, model, some)
    await round.read(onRows)
    round.checkMet()
    await round.finish(some)
  }
}

/** Each reads a slice of the table and scores what is in it, whoever has the shards. @returns all of them; undefined where one has left */
async function scoredShared(
  context: RunContext,
  model: ModelRunner,
  onRows: (rows: number) => void,
  { peers, shards }: Together,
): Promise<Round | undefined> {
  const talk = new PeerTalk(peers)
  try {
    const all = shards.flat().sort((a, b) => a - b)
    // The first makes the room in which all write, and reads the keys that all look up.
    const made = talk.index === 0 ? await sharedOf(context, model, all) : undefined
    const told = await talk.exchange(() => made)
    if (told === undefined) return undefined
    const round = await Round.of(context, model, all, made ?? (told[0] as Shared))
    await round.read(onRows, { index: talk.index, of: talk.of })
    const found = await talk.exchange(() => round.found)
    if (found === undefined) return undefined
    for (const each of found) if (each !== undefined) round.add(each as Found)
    round.checkMet()
    return round
  } finally {
    talk.leave()
  }
}

/** Memory of all who score with each other. */
interface Shared {
  /** For values. */
  readonly room: SharedArrayBuffer
  /** Undefined: each reads them. */
  readonly keys: SharedArrayBuffer | undefined
}

async function sharedOf(context: RunContext, { width, outputType }: ModelRunner, shards: readonly number[]): Promise<Shared> {
  const ranges = joined(shards.map(shard => shardRange(context.plan, shard)))
  const rows = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  const room = new SharedArrayBuffer(rows * width * arrayOf(outputType, 1).BYTES_PER_ELEMENT)
  return { room, keys: await sharedKeys(context, ranges) }
}

/** Shards that are scored at once. */
class Round {
  readonly #context: RunContext
  readonly #model: ModelRunner
  readonly #shards: readonly number[]
  readonly #rows: Chunk
  readonly #scored: ScoredPlaces
  #met = 0
  #seconds = 0

  static async of(context: RunContext, model: ModelRunner, shards: readonly number[], shared?: Shared): Promise<Round> {
    const started = performance.now()
    const { plan, prediction, database, populationFile } = context
    const ranges = shards.map(shard => shardRange(plan, shard))
    const keys = shared?.keys
    const rows = keys === undefined ? await readKeys(database, populationFile, prediction, joined(ranges)) : keysIn(keys, prediction)
    const ends = ranges.map(([from, to]) => to - from)
    for (let i = 1; i < ends.length; i++) ends[i] = (ends[i] as number) + (ends[i - 1] as number)
    return new Round(context, model, shards, rows, new ScoredPlaces(context, model, rows.rows, ends, shared?.room), started)
  }

  private constructor(
    context: RunContext,
    model: ModelRunner,
    shards: readonly number[],
    rows: Chunk,
    scored: ScoredPlaces,
    startedMs: number,
  ) {
    this.#context = context
    this.#model = model
    this.#shards = shards
    this.#rows = rows
    this.#scored = scored
    this.#seconds = (performance.now() - startedMs) / 1000
  }

  get found(): Found {
    return { rows: this.#met, ...this.#scored.found }
  }

  /** What another has found. */
  add(found: Found): void {
    this.#met += found.rows
    this.#scored.take(found)
  }

  async read(onRows: (rows: number) => void, slice?: ScanSlice): Promise<void> {
    const started = performance.now()
    const take = async (block: OwnBlock) => {
      await this.#scored.add(block)
      onRows(block.rows)
    }
    this.#met += await readOwnRows(this.#context, this.#rows, take, slice)
    this.#seconds += (performance.now() - started) / 1000
  }

  /** @throws PrescoreError `run_corrupt` where the table has not one row for each key */
  checkMet(): void {
    checkMet(this.#context, this.#rows.rows, this.#met)
  }

  async finish(own: readonly number[]): Promise<void> {
    for (const shard of own) await finishShard(this.#context, this.#model, shard, this.#of(shard))
  }

  finishStaged(shard: number): Promise<StagedShard> {
    // What was made of the shard before.
    freeLetGo()
    return finishStaged(this.#context, this.#model, shard, this.#of(shard))
  }

  #of(shard: number): ScoredShard {
    const { from, to, scored } = this.#scored.of(this.#shards.indexOf(shard))
    const columns = new Map([...this.#rows.columns].map(([name, column]) => [name, sliceRows(column, from, to)]))
    const secondsOfRow = this.#seconds / Math.max(1, this.#rows.rows)
    return { rows: { rows: to - from, columns }, scored, seconds: secondsOfRow * (to - from) }
  }
}

/** Ranges that follow each other as one. */
function joined(ranges: readonly RowRange[]): readonly RowRange[] {
  const whole: RowRange[] = []
  for (const [from, to] of ranges) {
    const last = whole.at(-1)
    if (last !== undefined && last[1] === from) whole[whole.length - 1] = [last[0], to]
    else whole.push([from, to])
  }
  return whole
}

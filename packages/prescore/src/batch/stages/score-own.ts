/** Stage 2 where rows have their features themselves: they are scored as they are read, and what is kept of a row is its value. */
import type { ErrorCode } from '../../base/index.ts'
import { type Chunk, sliceRows } from '../../expressions/index.ts'
import { PeerTalk, RowScorer, type ScoredRows } from '../../history/index.ts'
import { arrayOf, type ModelRunner } from '../../models/index.ts'
import type { PredictionDefinition } from '../../project/index.ts'
import type { ScanSlice } from '../../sources/index.ts'
import type { RunContext } from '../context.ts'
import type { Together } from '../engines/task.ts'
import type { RunPlan } from '../plan.ts'
import { readPopulation } from '../rows.ts'
import { checkMet, type OwnBlock, readOwnRows } from './own-rows.ts'
import { finishShard, readScoreManifest, shardRange } from './score.ts'

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
  if (together !== undefined && (await scoreShared(context, model, shards, onRows, together))) return
  const open: number[] = []
  for (const shard of shards) {
    const [from, to] = shardRange(context.plan, shard)
    if ((await readScoreManifest(context, shard)) === undefined) open.push(shard)
    else onRows(to - from)
  }
  for (const some of roundsOfOwn(context.plan, context.prediction, open)) {
    const round = await Round.of(context, model, some)
    await round.read(onRows)
    await round.finish(some)
  }
}

/** Each reads a slice of the table and scores what is in it, whoever has the shards. @returns whether it was done: not where one has left */
async function scoreShared(
  context: RunContext,
  model: ModelRunner,
  own: readonly number[],
  onRows: (rows: number) => void,
  { peers, shards }: Together,
): Promise<boolean> {
  const talk = new PeerTalk(peers)
  try {
    const all = shards.flat().sort((a, b) => a - b)
    const keys = all.map(shard => shardRange(context.plan, shard)).reduce((sum, [from, to]) => sum + to - from, 0)
    // The first makes the room in which all write.
    const made = talk.index === 0 ? new SharedArrayBuffer(keys * model.width * arrayOf(model.outputType, 1).BYTES_PER_ELEMENT) : undefined
    const told = await talk.exchange(() => made)
    if (told === undefined) return false
    const round = await Round.of(context, model, all, made ?? (told[0] as SharedArrayBuffer))
    await round.read(onRows, { index: talk.index, of: talk.of })
    const found = await talk.exchange(() => round.found)
    if (found === undefined) return false
    for (const each of found) if (each !== undefined) round.add(each as Found)
    talk.leave()
    await round.finish(own)
    return true
  } finally {
    talk.leave()
  }
}

/** What is found beside values. Plain data. */
interface Found {
  readonly rows: number
  readonly rejected: ReadonlyMap<number, ErrorCode>
  readonly missing: readonly Float64Array[]
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

  static async of(context: RunContext, model: ModelRunner, shards: readonly number[], room?: SharedArrayBuffer): Promise<Round> {
    const started = performance.now()
    const { plan, prediction, database, populationFile } = context
    const ranges = shards.map(shard => shardRange(plan, shard))
    const rows = await readPopulation(database, populationFile, prediction, plan.asOfUs, joined(ranges))
    const ends = ranges.map(([from, to]) => to - from)
    for (let i = 1; i < ends.length; i++) ends[i] = (ends[i] as number) + (ends[i - 1] as number)
    return new Round(context, model, shards, rows, new ScoredPlaces(context, model, rows.rows, ends, room), started)
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
  async finish(own: readonly number[]): Promise<void> {
    const rows = this.#rows
    checkMet(this.#context, rows.rows, this.#met)
    const secondsOfRow = this.#seconds / Math.max(1, rows.rows)
    for (const shard of own) {
      const at = this.#shards.indexOf(shard)
      const { from, to, scored } = this.#scored.of(at)
      const some = { rows: to - from, columns: new Map([...rows.columns].map(([name, column]) => [name, sliceRows(column, from, to)])) }
      await finishShard(this.#context, this.#model, shard, { rows: some, scored, seconds: secondsOfRow * some.rows })
    }
  }
}

type Range = readonly [from: number, to: number]

/** Ranges that follow each other as one. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const whole: Range[] = []
  for (const [from, to] of ranges) {
    const last = whole.at(-1)
    if (last !== undefined && last[1] === from) whole[whole.length - 1] = [last[0], to]
    else whole.push([from, to])
  }
  return whole
}

/** Values by place among the keys. */
class ScoredPlaces {
  readonly #context: RunContext
  readonly #model: ModelRunner
  readonly #scorer: RowScorer
  readonly #values: ScoredRows['values']
  readonly #rejected = new Map<number, ErrorCode>()
  /** Where each shard ends. */
  readonly #ends: readonly number[]
  /** By shard, then feature. */
  readonly #missing: readonly Float64Array[]

  constructor(context: RunContext, model: ModelRunner, rows: number, ends: readonly number[], room: SharedArrayBuffer | undefined) {
    const size = rows * model.width
    this.#context = context
    this.#model = model
    this.#scorer = new RowScorer(context.assembly, model)
    this.#values =
      room === undefined
        ? arrayOf(model.outputType, size)
        : model.outputType === 'float32'
          ? new Float32Array(room)
          : new Float64Array(room)
    this.#ends = ends
    this.#missing = ends.map(() => new Float64Array(context.assembly.vector.names.length))
  }

  get found(): Omit<Found, 'rows'> {
    return { rejected: this.#rejected, missing: this.#missing }
  }

  take({ rejected, missing }: Found): void {
    for (const [place, code] of rejected) this.#rejected.set(place, code)
    missing.forEach((counts, shard) => {
      const own = this.#missing[shard] as Float64Array
      for (let feature = 0; feature < own.length; feature++) own[feature] = (own[feature] as number) + (counts[feature] as number)
    })
  }

  async add({ rows, places, columns }: OwnBlock): Promise<void> {
    const { width } = this.#model
    const own = columns.map(column => column.subarray(0, rows))
    const { values, rejected, missing } = await this.#scorer.score(own, rows, () => {})
    const to = this.#values
    for (let i = 0; i < rows; i++) {
      const place = places[i] as number
      for (let at = 0; at < width; at++) to[place * width + at] = values[i * width + at] as number
      const code = rejected[i]
      if (code !== undefined) this.#rejected.set(place, code)
    }
    this.#context.assembly.vector.names.forEach((name, feature) => {
      if (missing[name] !== 0) this.#countMissing(own[feature] as Float64Array, feature, places)
    })
  }

  of(shard: number): { readonly from: number; readonly to: number; readonly scored: ScoredRows } {
    const { width } = this.#model
    const [from, to] = [shard === 0 ? 0 : (this.#ends[shard - 1] as number), this.#ends[shard] as number]
    const missing = this.#missing[shard] as Float64Array
    const names = this.#context.assembly.vector.names
    const scored = {
      values: this.#values.subarray(from * width, to * width),
      rejected: this.#rejectedOf(from, to),
      missing: Object.fromEntries(names.map((name, feature) => [name, missing[feature] as number])),
    }
    return { from, to, scored }
  }

  #rejectedOf(from: number, to: number): ScoredRows['rejected'] {
    const rejected: (ErrorCode | undefined)[] = new Array(to - from).fill(undefined)
    if (this.#rejected.size > 0) for (let i = 0; i < rejected.length; i++) rejected[i] = this.#rejected.get(from + i)
    return rejected
  }

  #countMissing(values: Float64Array, feature: number, places: Int32Array): void {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isNaN(values[i])) continue
      const counts = this.#missing[this.#shardOf(places[i] as number)] as Float64Array
      counts[feature] = (counts[feature] as number) + 1
    }
  }

  #shardOf(place: number): number {
    let [from, to] = [0, this.#ends.length - 1]
    while (from < to) {
      const middle = (from + to) >>> 1
      if (place < (this.#ends[middle] as number)) to = middle
      else from = middle + 1
    }
    return from
  }
}

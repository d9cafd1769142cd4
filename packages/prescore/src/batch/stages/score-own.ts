/** Stage 2 where rows have their features themselves: they are scored as they are read, and what is kept of a row is its value. */
import type { ErrorCode } from '../../base/index.ts'
import { type Chunk, sliceRows } from '../../expressions/index.ts'
import { type ScoredRows, scoreRows } from '../../history/index.ts'
import { arrayOf, type ModelRunner } from '../../models/index.ts'
import type { PredictionDefinition } from '../../project/index.ts'
import type { RunContext } from '../context.ts'
import { readPopulation } from '../rows.ts'
import { type OwnBlock, readOwnRows } from './own-rows.ts'
import { finishShard, readScoreManifest, shardRange } from './score.ts'

/** Keys of one scan at most: so many are held in memory, and a kill loses what was scored of them. */
const KEYS_AT_ONCE = 2_000_000

/** Whether shards are better scored from one scan than each from its own: what a server has answered is too dear to be lost with others. */
export function shareScan({ model }: Pick<PredictionDefinition, 'model'>): boolean {
  return model.remote === undefined
}

/** Scores these shards and claims each; those that are done already are left as they are. @throws PrescoreError as `scoreShard`, `source_changed` */
export async function scoreOwnShards(
  context: RunContext,
  model: ModelRunner,
  shards: readonly number[],
  onRows: (rows: number) => void,
): Promise<void> {
  const open: number[] = []
  for (const shard of shards) {
    const [from, to] = shardRange(context.plan, shard)
    if ((await readScoreManifest(context, shard)) === undefined) open.push(shard)
    else onRows(to - from)
  }
  for (const together of neighbours(context, open)) await scoreTogether(context, model, together, onRows)
}

/** Shards whose rows follow each other, some at once. */
function neighbours({ plan, prediction }: RunContext, shards: readonly number[]): readonly (readonly number[])[] {
  const groups: number[][] = []
  const keysAtOnce = shareScan(prediction) ? KEYS_AT_ONCE : 0
  let keys = 0
  for (const shard of [...shards].sort((a, b) => a - b)) {
    const [from, to] = shardRange(plan, shard)
    const group = groups.at(-1)
    keys += to - from
    if (group !== undefined && group.at(-1) === shard - 1 && keys <= keysAtOnce) group.push(shard)
    else {
      groups.push([shard])
      keys = to - from
    }
  }
  return groups
}

async function scoreTogether(
  context: RunContext,
  model: ModelRunner,
  shards: readonly number[],
  onRows: (rows: number) => void,
): Promise<void> {
  const started = performance.now()
  const { plan, prediction, database, populationFile } = context
  const ranges = shards.map(shard => shardRange(plan, shard))
  const [first, last] = [(ranges[0] as Range)[0], (ranges.at(-1) as Range)[1]]
  const rows = await readPopulation(database, populationFile, prediction, plan.asOfUs, first, last)
  const scored = new ScoredPlaces(
    context,
    model,
    rows.rows,
    ranges.map(([, to]) => to - first),
  )
  await readOwnRows(context, rows, async block => {
    await scored.add(block)
    onRows(block.rows)
  })
  const secondsOfRow = (performance.now() - started) / 1000 / Math.max(1, rows.rows)
  for (const [i, shard] of shards.entries()) {
    const [from, to] = ranges[i] as Range
    const own = rowsOf(rows, from - first, to - first)
    await finishShard(context, model, shard, {
      rows: own,
      scored: scored.of(i, from - first, to - first),
      seconds: secondsOfRow * own.rows,
    })
  }
}

type Range = readonly [from: number, to: number]

/** Values by place among the keys. */
class ScoredPlaces {
  readonly #context: RunContext
  readonly #model: ModelRunner
  readonly #values: ScoredRows['values']
  readonly #rejected = new Map<number, ErrorCode>()
  /** Where each shard ends. */
  readonly #ends: readonly number[]
  /** By shard, then feature. */
  readonly #missing: readonly Float64Array[]

  constructor(context: RunContext, model: ModelRunner, rows: number, ends: readonly number[]) {
    this.#context = context
    this.#model = model
    this.#values = arrayOf(model.outputType, rows * model.width)
    this.#ends = ends
    this.#missing = ends.map(() => new Float64Array(context.assembly.vector.names.length))
  }

  async add({ rows, places, columns }: OwnBlock): Promise<void> {
    const { width } = this.#model
    const { values, rejected } = await scoreRows(
      this.#context.assembly,
      this.#model,
      columns.map(column => column.subarray(0, rows)),
      rows,
      () => {},
    )
    for (let i = 0; i < rows; i++) {
      const place = places[i] as number
      for (let at = 0; at < width; at++) this.#values[place * width + at] = values[i * width + at] as number
      const code = rejected[i]
      if (code !== undefined) this.#rejected.set(place, code)
    }
    columns.forEach((column, feature) => {
      for (let i = 0; i < rows; i++) if (Number.isNaN(column[i])) this.#isMissing(places[i] as number, feature)
    })
  }

  of(shard: number, from: number, to: number): ScoredRows {
    const { width } = this.#model
    const missing = this.#missing[shard] as Float64Array
    return {
      values: this.#values.subarray(from * width, to * width),
      rejected: this.#rejectedOf(from, to),
      missing: Object.fromEntries(this.#context.assembly.vector.names.map((name, feature) => [name, missing[feature] as number])),
    }
  }

  #rejectedOf(from: number, to: number): ScoredRows['rejected'] {
    const rejected: (ErrorCode | undefined)[] = new Array(to - from).fill(undefined)
    if (this.#rejected.size > 0) for (let i = 0; i < rejected.length; i++) rejected[i] = this.#rejected.get(from + i)
    return rejected
  }

  #isMissing(place: number, feature: number): void {
    const counts = this.#missing[this.#ends.findIndex(end => place < end)] as Float64Array
    counts[feature] = (counts[feature] as number) + 1
  }
}

function rowsOf(rows: Chunk, from: number, to: number): Chunk {
  return { rows: to - from, columns: new Map([...rows.columns].map(([name, column]) => [name, sliceRows(column, from, to)])) }
}

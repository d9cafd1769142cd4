/** What has come of rows that were scored in any order, by the places of their keys. */
import type { ErrorCode } from '../../base/index.ts'
import { RowScorer, type ScoredRows } from '../../history/index.ts'
import { arrayOf, type ModelRunner } from '../../models/index.ts'
import type { RunContext } from '../context.ts'
import type { OwnBlock } from './own-rows.ts'

/** What is found beside values. Plain data. */
export interface Found {
  readonly rows: number
  readonly rejected: ReadonlyMap<number, ErrorCode>
  readonly missing: readonly Float64Array[]
}

/** Values by place among the keys. */
export class ScoredPlaces {
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

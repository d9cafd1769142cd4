/** Two runs of one prediction, key by key: what moved, by how much, what came and what went. Both are read once, side by side. */

import { PrescoreError } from '../base/index.ts'
import type { Chunk, NumberColumn } from '../expressions/index.ts'
import { valueNames } from '../history/index.ts'
import type { RunRecord } from '../stores/index.ts'
import type { BatchPlace } from './place.ts'
import { openRun, runChunks, type StoredRunFiles } from './stored-run.ts'
import { type CanonicalRow, canonicalRows } from './values.ts'

export interface DiffRequest {
  readonly a: string
  readonly b: string
  /** Keys that are told one by one, of each sort. */
  readonly top: number
  /** Also which features moved. */
  readonly withFeatures: boolean
}

export interface FeatureMove {
  readonly feature: string
  readonly a: number | null
  readonly b: number | null
}

export interface KeyMove {
  /** The key as JSON. */
  readonly key: string
  /** Values as JSON; null: rejected. */
  readonly a: string | null
  readonly b: string | null
  /** b − a; of vectors, the element that moved most. Null where one of them has no value. */
  readonly change: number | null
  readonly features?: readonly FeatureMove[]
}

export interface RunDiff {
  readonly a: RunRecord
  readonly b: RunRecord
  /** `same`, `moved`: in both. `lost`, `gained`: in both, with a value in one. `removed`, `added`: in one. */
  readonly keys: Readonly<Record<'same' | 'moved' | 'lost' | 'gained' | 'removed' | 'added', number>>
  /** Of the moved: how far, whatever the direction, and on average with it. Null where nothing moved. */
  readonly change: { readonly mean: number; readonly median: number; readonly p95: number; readonly max: number } | null
  /** The keys that moved most; and the first of those that were lost, gained, removed and added. */
  readonly moved: readonly KeyMove[]
  readonly others: Readonly<Record<'lost' | 'gained' | 'removed' | 'added', readonly KeyMove[]>>
  /** By feature: for how many of the moved keys it is another, and by how much on average, where it is a number in both. */
  readonly features?: Readonly<Record<string, { readonly keys: number; readonly meanChange: number }>>
}

/** @throws PrescoreError `invalid_value` for runs of two predictions, or of other keys; and what opening and reading a run may throw */
export async function diffRuns(place: BatchPlace, request: DiffRequest): Promise<RunDiff> {
  const [a, b] = [await openRun(place, request.a), await openRun(place, request.b)]
  refuseOthers(a, b)
  const difference = new Difference(a, b, request)
  await difference.read()
  return difference.result()
}

function refuseOthers(a: StoredRunFiles, b: StoredRunFiles): void {
  const keys = ({ context }: StoredRunFiles) => JSON.stringify(Object.entries(context.prediction.entity ?? {}))
  if (a.record.prediction === b.record.prediction && keys(a) === keys(b)) return
  const found = `a run of ${a.record.prediction} by ${keys(a)} and one of ${b.record.prediction} by ${keys(b)}`
  throw new PrescoreError('invalid_value', {
    where: 'the runs to compare',
    found,
    expected: 'two of the same prediction, with the same key',
  })
}

class Difference {
  readonly #runs: readonly [StoredRunFiles, StoredRunFiles]
  readonly #request: DiffRequest
  readonly #keys = { same: 0, moved: 0, lost: 0, gained: 0, removed: 0, added: 0 }
  readonly #others = { lost: [] as KeyMove[], gained: [] as KeyMove[], removed: [] as KeyMove[], added: [] as KeyMove[] }
  readonly #top: KeyMove[] = []
  readonly #distances: number[] = []
  #sum = 0
  readonly #features = new Map<string, { keys: number; sum: number; numbers: number }>()

  constructor(a: StoredRunFiles, b: StoredRunFiles, request: DiffRequest) {
    this.#runs = [a, b]
    this.#request = request
  }

  async read(): Promise<void> {
    const [a, b] = this.#runs.map(run => new Cursor(run, this.#request.withFeatures)) as [Cursor, Cursor]
    await Promise.all([a.advance(), b.advance()])
    while (a.row !== undefined || b.row !== undefined) {
      const order = orderOf(a.row, b.row)
      if (order === 0) this.#both(a, b)
      else if (order < 0) this.#other('removed', a.row as CanonicalRow, undefined)
      else this.#other('added', undefined, b.row as CanonicalRow)
      if (order <= 0 && !a.step()) await a.advance()
      if (order >= 0 && !b.step()) await b.advance()
    }
  }

  result(): RunDiff {
    const [a, b] = this.#runs
    const sorted = Float64Array.from(this.#distances).sort()
    const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number
    const change = sorted.length === 0 ? null : { mean: this.#sum / sorted.length, median: at(0.5), p95: at(0.95), max: at(1) }
    const features = [...this.#features].map(
      ([name, { keys, sum, numbers }]) => [name, { keys, meanChange: numbers === 0 ? 0 : sum / numbers }] as const,
    )
    const more = this.#request.withFeatures
      ? { features: Object.fromEntries(features.sort((one, other) => other[1].keys - one[1].keys)) }
      : {}
    return { a: a.record, b: b.record, keys: this.#keys, change, moved: this.#top, others: this.#others, ...more }
  }

  #both(a: Cursor, b: Cursor): void {
    const [before, after] = [a.row as CanonicalRow, b.row as CanonicalRow]
    if (before.valueText === after.valueText) this.#keys.same++
    else if (before.valueText === undefined) this.#other('gained', before, after)
    else if (after.valueText === undefined) this.#other('lost', before, after)
    else this.#moved(a, b)
  }

  #other(sort: keyof RunDiff['others'], a: CanonicalRow | undefined, b: CanonicalRow | undefined): void {
    this.#keys[sort]++
    if (this.#others[sort].length < this.#request.top) this.#others[sort].push(moveOf(a, b, null))
  }

  #moved(a: Cursor, b: Cursor): void {
    this.#keys.moved++
    const change = changeOf(a.numbers(), b.numbers())
    this.#sum += change
    this.#distances.push(Math.abs(change))
    const features = this.#request.withFeatures ? featureMoves(a, b) : undefined
    for (const { feature, a: before, b: after } of features ?? []) this.#count(feature, before, after)
    const { top } = this.#request
    const last = this.#top.at(-1)
    if (this.#top.length >= top && Math.abs(last?.change ?? 0) >= Math.abs(change)) return
    const move = { ...moveOf(a.row, b.row, change), ...(features === undefined ? {} : { features }) }
    const place = this.#top.findIndex(each => Math.abs(each.change as number) < Math.abs(change))
    this.#top.splice(place === -1 ? this.#top.length : place, 0, move)
    this.#top.splice(top)
  }

  #count(feature: string, before: number | null, after: number | null): void {
    const counted = this.#features.get(feature) ?? { keys: 0, sum: 0, numbers: 0 }
    counted.keys++
    if (before !== null && after !== null) {
      counted.sum += after - before
      counted.numbers++
    }
    this.#features.set(feature, counted)
  }
}

/** One run's rows, one after the other. */
class Cursor {
  row: CanonicalRow | undefined
  readonly #run: StoredRunFiles
  readonly #chunks: AsyncGenerator<Chunk>
  #chunk: Chunk | undefined
  #rows: readonly CanonicalRow[] = []
  #at = 0

  constructor(run: StoredRunFiles, withFeatures: boolean) {
    this.#run = run
    this.#chunks = runChunks(run, withFeatures)
  }

  /** To the next row of what was read; false where the next ones must be read first. */
  step(): boolean {
    this.row = this.#rows[++this.#at]
    return this.row !== undefined
  }

  /** Reads on: `row` is the next one, or undefined at the end. */
  async advance(): Promise<void> {
    const next = await this.#chunks.next()
    this.#chunk = next.done === true ? undefined : next.value
    this.#rows = this.#chunk === undefined ? [] : [...canonicalRows(this.#chunk, this.#run.context.prediction, this.#run.shape)]
    this.#at = 0
    this.row = this.#rows[0]
  }

  numbers(): readonly number[] {
    return valueNames(this.#run.shape.width).map(name => this.#number(name))
  }

  features(): ReadonlyMap<string, number> {
    return new Map(this.#run.context.assembly.vector.names.map(name => [name, this.#number(`feature_${name}`)] as const))
  }

  #number(column: string): number {
    const { columns } = this.#chunk as Chunk
    return (columns.get(column) as NumberColumn).values[this.#at] as number
  }
}

function orderOf(a: CanonicalRow | undefined, b: CanonicalRow | undefined): number {
  if (a === undefined) return 1
  return b === undefined ? -1 : Buffer.compare(a.keyBytes, b.keyBytes)
}

function moveOf(a: CanonicalRow | undefined, b: CanonicalRow | undefined, change: number | null): KeyMove {
  return { key: (a ?? b)?.keyText as string, a: a?.valueText ?? null, b: b?.valueText ?? null, change }
}

/** What moved most; vectors of other lengths moved for good. */
function changeOf(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return Number.MAX_VALUE
  return b.map((value, i) => value - (a[i] as number)).reduce((most, change) => (Math.abs(change) > Math.abs(most) ? change : most), 0)
}

function featureMoves(a: Cursor, b: Cursor): readonly FeatureMove[] {
  const before = a.features()
  const told = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value)
  return [...b.features()].flatMap(([feature, value]) => {
    const [one, other] = [told(before.get(feature)), told(value)]
    return one === other ? [] : [{ feature, a: one, b: other }]
  })
}

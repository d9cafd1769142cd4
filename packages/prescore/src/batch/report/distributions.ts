/** How the values and features of a run lie beside those of another: from every n-th row of both, in one pass each. */
import type { NumberColumn, StringColumn } from '../../expressions/index.ts'
import { valueNames } from '../../history/index.ts'
import { binOf, chanceIndex, distributionOf, stabilityIndex } from '../gates/shift.ts'
import { SortedRuns } from '../sorted-runs.ts'
import { runChunks, type StoredRunFiles } from '../stored-run.ts'

/** Rows of one run that are looked at. */
const ROWS_MAX = 50_000
const BINS = 24
/** The share of the values at each end that the outermost bins take in. */
const TAIL = 0.005

export interface Bin {
  readonly from: number
  readonly to: number
  /** Values in it: of the run, and of the one that it is held against. */
  readonly now: number
  readonly before: number
}

export interface Side {
  readonly rows: number
  /** Rows that have no finite number. */
  readonly missing: number
  /** Undefined without values. */
  readonly mean: number | undefined
}

export interface Comparison {
  /** `value`, `value_0` …, or the name of a feature. */
  readonly name: string
  readonly isFeature: boolean
  readonly now: Side
  /** Undefined where there is no other run. */
  readonly before: Side | undefined
  /** In ascending order; the outermost hold what lies beyond as well. Empty without values. */
  readonly bins: readonly Bin[]
  /** The population stability index over ten bins of the other run, and what chance gives; undefined where one of them has no values. */
  readonly shift: { readonly index: number; readonly chance: number } | undefined
}

export interface Comparisons {
  /** Of which rows: 1 is all of them. */
  readonly every: number
  readonly columns: readonly Comparison[]
}

/** @param other of the same prediction; undefined: there is none. @throws PrescoreError `run_corrupt` */
export async function compareRuns(run: StoredRunFiles, other: StoredRunFiles | undefined): Promise<Comparisons> {
  const now = await columnsOf(run)
  const before = other === undefined ? undefined : await columnsOf(other)
  const columns = [...now.columns].map(([name, column]) => compared(name, column, before?.columns.get(name)))
  return { every: Math.max(now.every, before?.every ?? 1), columns }
}

interface Sampled {
  /** Finite ones, ascending. */
  readonly values: Float64Array
  readonly rows: number
}

/** Values are those of rows that have one; features those that the model met. */
async function columnsOf(run: StoredRunFiles): Promise<{ readonly every: number; readonly columns: ReadonlyMap<string, Sampled> }> {
  const every = Math.max(1, Math.ceil(run.context.plan.population.rows / ROWS_MAX))
  const found = new Map<string, { values: number[]; rows: number }>()
  let seen = 0
  for await (const chunk of runChunks(run, true)) {
    const rejected = chunk.columns.get('rejected') as StringColumn
    for (const [name, column] of chunk.columns) {
      if (!isCompared(name, run)) continue
      const into = found.get(name) ?? { values: [], rows: 0 }
      found.set(name, into)
      const { values } = column as NumberColumn
      for (let row = (every - (seen % every)) % every; row < chunk.rows; row += every) {
        if (!name.startsWith('feature_') && (rejected.codes[row] as number) >= 0) continue
        into.rows++
        if (Number.isFinite(values[row])) into.values.push(values[row] as number)
      }
    }
    seen += chunk.rows
  }
  const columns = [...found].map(([name, { values, rows }]) => [name, { values: Float64Array.from(values).sort(), rows }] as const)
  return { every, columns: new Map(columns) }
}

function isCompared(name: string, { shape }: StoredRunFiles): boolean {
  return name.startsWith('feature_') || valueNames(shape.width).includes(name)
}

function compared(name: string, now: Sampled, before: Sampled | undefined): Comparison {
  return {
    name: name.replace(/^feature_/, ''),
    isFeature: name.startsWith('feature_'),
    now: sideOf(now),
    before: before === undefined ? undefined : sideOf(before),
    bins: binsOf(now.values, before?.values ?? new Float64Array()),
    shift: before === undefined || now.values.length === 0 || before.values.length === 0 ? undefined : shiftOf(now.values, before.values),
  }
}

function sideOf({ values, rows }: Sampled): Side {
  const mean = values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
  return { rows, missing: rows - values.length, mean }
}

function shiftOf(now: Float64Array, before: Float64Array): NonNullable<Comparison['shift']> {
  const { edges, counts } = distributionOf(SortedRuns.of(before))
  const own = new Array<number>(counts.length).fill(0)
  for (const value of now) (own[binOf(edges, value)] as number)++
  return { index: stabilityIndex(own, counts), chance: chanceIndex(now.length, before.length, counts.length) }
}

/** Of equal width over what both have but for their tails. */
function binsOf(now: Float64Array, before: Float64Array): readonly Bin[] {
  const ends = [now, before].flatMap(sorted => (sorted.length === 0 ? [] : [at(sorted, TAIL), at(sorted, 1 - TAIL)]))
  if (ends.length === 0) return []
  const [least, most] = [Math.min(...ends), Math.max(...ends)]
  const isOne = least === most
  const edges = isOne ? [] : Array.from({ length: BINS - 1 }, (_, i) => least + ((i + 1) / BINS) * (most - least))
  const counted = (sorted: Float64Array) => {
    const counts = new Array<number>(edges.length + 1).fill(0)
    for (const value of sorted) (counts[binOf(edges, value)] as number)++
    return counts
  }
  const [own, others] = [counted(now), counted(before)]
  return own.map((count, i) => ({ from: edges[i - 1] ?? least, to: edges[i] ?? most, now: count, before: others[i] as number }))
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.round(share * (sorted.length - 1))] as number
}

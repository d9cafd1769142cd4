/** Where things lie in the kernel's memory. All places and sizes are bytes. */
import type { FloatType } from '../runtime.ts'
import type { Forest } from './forest.ts'
import { LANES } from './ranks.ts'

/** A packed step (see `ranks.ts`), and the place of its left child. */
export const RECORD_BYTES = 8
/** A weight, and the place of its target's sum. */
export const WEIGHT_BYTES = 16

/** Of a feature: the place of its value in a row, of its first threshold, their bytes, and the places of its ranks in a row. */
export const SEARCH = { value: 0, first: 4, bytes: 8, left: 12, right: 16, size: 20 } as const

export interface KernelShape {
  readonly forest: Forest
  readonly precision: FloatType
  readonly features: number
  readonly targets: number
  /** That the memory has room for: a multiple of {@link LANES}. */
  readonly rows: number
}

export interface Layout {
  readonly records: number
  /** By record, the first of its weights and the end of them. */
  readonly leaves: number
  readonly weights: number
  /** By tree, the place of its root. */
  readonly roots: number
  readonly searches: number
  /** Behind one that is never looked at. */
  readonly thresholds: number
  /** Of each row: its values, ranks and sums. */
  readonly values: number
  readonly ranks: number
  readonly sums: number
  readonly end: number
}

export function layoutOf({ forest, precision, features, targets, rows }: KernelShape): Layout {
  const { steps, weights, roots, ranks } = forest
  const float = floatBytes(precision)
  let end = 0
  const place = (bytes: number): number => {
    const at = end
    end += Math.ceil(bytes / 64) * 64
    return at
  }
  return {
    records: place(steps.length * RECORD_BYTES),
    leaves: place(steps.length * RECORD_BYTES),
    weights: place((weights.length + 1) * WEIGHT_BYTES),
    roots: place(roots.length * 4),
    searches: place(searchesOf(forest) * SEARCH.size),
    thresholds: place((ranks.searches.reduce((sum, { thresholds }) => sum + thresholds.length, 0) + 1 + LANES) * float) + float,
    values: place(rows * features * float),
    ranks: place(rows * ranks.words * 4),
    sums: place(rows * targets * float),
    end,
  }
}

/** Features that are searched for, filled up to a multiple of {@link LANES}: some at least. */
export function searchesOf({ ranks }: Forest): number {
  return Math.max(1, Math.ceil(ranks.searches.length / LANES)) * LANES
}

export function floatBytes(precision: FloatType): number {
  return precision === 'float32' ? 4 : 8
}

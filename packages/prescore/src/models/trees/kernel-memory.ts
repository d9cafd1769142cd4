/** Puts a forest into the kernel's memory. */
import type { FloatType } from '../runtime.ts'
import type { Forest } from './forest.ts'
import { floatBytes, type KernelShape, type Layout, RECORD_BYTES, SEARCH, searchesOf, WEIGHT_BYTES } from './kernel-layout.ts'
import type { Search } from './ranks.ts'

export function fillMemory(memory: ArrayBuffer, layout: Layout, { forest, precision }: KernelShape): void {
  const view = new DataView(memory)
  putTrees(view, layout, forest)
  putWeights(view, layout, forest, precision)
  putSearches(view, layout, forest, precision)
}

function putTrees(view: DataView, layout: Layout, { steps, lefts, roots, leafFirst, leafCount, weights }: Forest): void {
  for (let i = 0; i < steps.length; i++) {
    const record = layout.records + i * RECORD_BYTES
    view.setInt32(record, steps[i]!, true)
    view.setInt32(record + 4, lefts[i]! * RECORD_BYTES, true)
    // What has no weights adds the zero behind the last one.
    const [first, count] = leafCount[i]! > 0 ? [leafFirst[i]!, leafCount[i]!] : [weights.length, 1]
    const leaf = layout.leaves + i * RECORD_BYTES
    view.setInt32(leaf, first * WEIGHT_BYTES, true)
    view.setInt32(leaf + 4, (first + count) * WEIGHT_BYTES, true)
  }
  roots.forEach((root, i) => view.setInt32(layout.roots + 4 * i, root * RECORD_BYTES, true))
}

function putWeights(view: DataView, layout: Layout, { weights, weightTargets }: Forest, precision: FloatType): void {
  weights.forEach((weight, i) => {
    const at = layout.weights + i * WEIGHT_BYTES
    putFloat(view, at, weight, precision)
    view.setInt32(at + 8, weightTargets[i]! * floatBytes(precision), true)
  })
}

/** Those that fill up look among one threshold, and their ranks go where nobody reads them. */
function putSearches(view: DataView, layout: Layout, forest: Forest, precision: FloatType): void {
  const { searches, unused } = forest.ranks
  const nothing: Search = { feature: 0, thresholds: Float64Array.of(0), left: unused, right: unused }
  const float = floatBytes(precision)
  let first = 0
  for (let i = 0; i < searchesOf(forest); i++) {
    const { feature, thresholds, left, right } = searches[i] ?? nothing
    const at = layout.searches + i * SEARCH.size
    view.setInt32(at + SEARCH.value, feature * float, true)
    view.setInt32(at + SEARCH.first, first, true)
    view.setInt32(at + SEARCH.bytes, thresholds.length * float, true)
    view.setInt32(at + SEARCH.left, left * 4, true)
    view.setInt32(at + SEARCH.right, right * 4, true)
    thresholds.forEach((threshold, j) => putFloat(view, layout.thresholds + first + j * float, threshold, precision))
    first += thresholds.length * float
  }
}

function putFloat(view: DataView, at: number, value: number, precision: FloatType): void {
  if (precision === 'float32') view.setFloat32(at, value, true)
  else view.setFloat64(at, value, true)
}

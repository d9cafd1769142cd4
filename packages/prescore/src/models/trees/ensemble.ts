/** From the bytes of an ONNX file to what walks its trees. */
import { readGraph } from '../onnx/graph.ts'
import { MalformedMessage } from '../onnx/protobuf.ts'
import type { FloatType } from '../runtime.ts'
import { type EnsembleTable, readTable } from './attributes.ts'
import { type Carried, finishOf } from './finish.ts'
import { buildForest, type Forest } from './forest.ts'
import { type ClassOf, classOf } from './labels.ts'
import { findTrees, isLabel, mayHaveTrees } from './recognise.ts'
import { Unsupported } from './unsupported.ts'
import { BLOCK_ROWS, Walker } from './walker.ts'

export interface Ensemble {
  readonly walker: Walker
  /** Values of a row. */
  readonly targets: number
  /** Of the classes, where labels are asked for. */
  readonly labels?: Labels
  /** By feature, every value that a node compares it with: where rows must be tried that tell runtimes apart. */
  readonly thresholds: ReadonlyMap<number, readonly number[]>
}

export interface Labels {
  readonly classOf: ClassOf
  /** By class. */
  readonly values: BigInt64Array
}

export interface Wanted {
  readonly operators: readonly string[]
  readonly input: { readonly name: string; readonly type: FloatType }
  readonly output: string
  /** An output that gives the labels. */
  readonly label?: string
  readonly features: number
}

/** @throws Unsupported, saying what in the model keeps it from being run here */
export function readEnsemble(bytes: Buffer, { operators, input, output, label, features }: Wanted): Ensemble {
  if (!mayHaveTrees(operators)) throw new Unsupported('no trees')
  const graph = graphOf(bytes)
  const found = findTrees(graph, input, output)
  const table = readTable(found)
  const beyond = Array.from(table.features).find((feature, i) => table.modes[i] !== 'LEAF' && !(feature >= 0 && feature < features))
  if (beyond !== undefined) throw new Unsupported(`a node that looks at feature ${beyond} of ${features}`)
  const forest = buildForest(table)
  const { targets, precision } = table
  const carried = carriedBy(forest, targets)
  const finish = finishOf(table, carried, forest)
  if (label !== undefined && !isLabel(graph, found.node, label)) throw new Unsupported('an output that is neither scores nor labels')
  const labels = label === undefined ? {} : { labels: labelsOf(table, carried) }
  const walker = new Walker({ forest, precision, features, targets, rows: BLOCK_ROWS }, finish)
  return { walker, targets, ...labels, thresholds: thresholdsOf(table) }
}

function labelsOf(table: EnsembleTable, carried: Carried): Labels {
  const { labels, targets } = table
  // The reader of the graph tells negative numbers from others, but not from one another.
  if (labels.length !== targets || !labels.every(value => Number.isSafeInteger(value) && value >= 0))
    throw new Unsupported('labels that are no whole numbers, or below 0')
  return { classOf: classOf(table, carried), values: BigInt64Array.from(labels, BigInt) }
}

function graphOf(bytes: Buffer) {
  try {
    return readGraph(bytes)
  } catch (error) {
    if (error instanceof MalformedMessage) throw new Unsupported(error.message)
    throw error
  }
}

/** A row gets a weight of a target for sure where some tree has one on each of its leaves. */
function carriedBy({ steps, roots, trees, leafFirst, leafCount, weightTargets }: Forest, targets: number): Carried {
  const carried: Carried[number][] = new Array(targets).fill('never')
  for (let tree = 0; tree < trees; tree++) {
    const counts = new Int32Array(targets)
    let leaves = 0
    // Behind the last tree stands one empty record.
    const end = tree + 1 < trees ? roots[tree + 1]! : steps.length - 1
    for (let at = roots[tree]!; at < end; at++) {
      if (steps[at] !== 0) continue
      leaves++
      const first = leafFirst[at]!
      for (const target of new Set(weightTargets.subarray(first, first + leafCount[at]!))) counts[target]!++
    }
    counts.forEach((count, target) => {
      if (count === leaves) carried[target] = 'always'
      else if (count > 0 && carried[target] === 'never') carried[target] = 'sometimes'
    })
  }
  return carried
}

function thresholdsOf({ features, thresholds, modes }: EnsembleTable): Map<number, number[]> {
  const byFeature = new Map<number, number[]>()
  for (let i = 0; i < modes.length; i++) {
    if (modes[i] === 'LEAF') continue
    const list = byFeature.get(features[i]!)
    if (list === undefined) byFeature.set(features[i]!, [thresholds[i]!])
    else list.push(thresholds[i]!)
  }
  return byFeature
}

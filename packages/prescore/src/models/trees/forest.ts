/**
 * The trees as integers in two arrays. A record is a packed step (slot and cut, as in `ranks.ts`) and the record of its
 * left child; the right child's is the next one. So a step is arithmetic without a branch. A leaf's step is 0 and leads
 * to itself: trees of unequal depth can be walked side by side until all of them stand on leaves.
 */
import type { EnsembleTable, Mode } from './attributes.ts'
import { LANES, Ranks } from './ranks.ts'
import { type Step, stepOf } from './steps.ts'
import { Unsupported } from './unsupported.ts'

export interface Forest {
  readonly ranks: Ranks
  /** By record: its packed step, and the record of its left child. */
  readonly steps: Int32Array
  readonly lefts: Int32Array
  /** The record of each tree's root; filled up to a multiple of `LANES` with such as lead nowhere. */
  readonly roots: Int32Array
  readonly trees: number
  /** By record: its leaf, a row of the table's weights that are sorted by leaf. */
  readonly leafFirst: Int32Array
  readonly leafCount: Int32Array
  readonly weightTargets: Int32Array
  readonly weights: Float64Array
}

/** A leaf's weights in their order. */
interface Leaf {
  readonly first: number
  readonly count: number
}

/** @throws Unsupported for what ONNX Runtime refuses too, and for trees too large for the records */
export function buildForest(table: EnsembleTable): Forest {
  const trees = treesOf(table)
  const branches = Array.from(table.modes.keys()).filter(i => table.modes[i] !== 'LEAF')
  const ranks = new Ranks(
    branches.map(i => table.features[i] as number),
    branches.map(i => table.thresholds[i] as number),
  )
  const { leaves, order } = leavesOf(table, trees)
  const builder = new Builder(table, trees, ranks, leaves)
  builder.build()
  ranks.freeze()
  return {
    ranks,
    ...builder.finish(),
    weightTargets: Int32Array.from(order, i => table.weightTargets[i] as number),
    weights: Float64Array.from(order, i => table.weights[i] as number),
  }
}

/** Nodes of each tree by their id, in the order in which the trees stand; the first node of a tree is its root. */
interface Trees {
  readonly roots: readonly number[]
  readonly find: (tree: number, node: number) => number
}

function treesOf({ treeIds, nodeIds }: EnsembleTable): Trees {
  const roots: number[] = []
  const byTree = new Map<number, Map<number, number>>()
  for (let i = 0; i < treeIds.length; i++) {
    const tree = treeIds[i] as number
    if (i === 0 || tree !== treeIds[i - 1]) {
      if (byTree.has(tree)) throw new Unsupported('a tree whose nodes do not stand together')
      byTree.set(tree, new Map())
      roots.push(i)
    }
    const nodes = byTree.get(tree) as Map<number, number>
    if (nodes.has(nodeIds[i] as number)) throw new Unsupported('two nodes of one number in a tree')
    nodes.set(nodeIds[i] as number, i)
  }
  const find = (tree: number, node: number): number => {
    const at = byTree.get(tree)?.get(node)
    if (at === undefined) throw new Unsupported('a child or a weight of a node that is not there')
    return at
  }
  return { roots, find }
}

/** The weights sorted by tree and node, as they are added up; those of nodes that are no leaves count for nothing. */
function leavesOf(table: EnsembleTable, trees: Trees): { leaves: Map<number, Leaf>; order: readonly number[] } {
  const { weightTrees, weightNodes, weightTargets, targets } = table
  const order = Array.from({ length: weightTrees.length }, (_, i) => i).sort(
    (a, b) => weightTrees[a]! - weightTrees[b]! || weightNodes[a]! - weightNodes[b]! || a - b,
  )
  const leaves = new Map<number, Leaf>()
  order.forEach((i, at) => {
    if (!(weightTargets[i]! >= 0 && weightTargets[i]! < targets)) throw new Unsupported(`a weight of target ${weightTargets[i]}`)
    const node = trees.find(weightTrees[i]!, weightNodes[i]!)
    const leaf = leaves.get(node)
    leaves.set(node, { first: leaf?.first ?? at, count: (leaf?.count ?? 0) + 1 })
  })
  return { leaves, order }
}

class Builder {
  readonly #table: EnsembleTable
  readonly #trees: Trees
  readonly #ranks: Ranks
  readonly #leaves: ReadonlyMap<number, Leaf>
  readonly #records: { step: Step | undefined; left: number; leaf: Leaf | undefined }[] = []
  readonly #roots: number[] = []
  /** By what they are the steps of: nodes that several share keep one step, so that their children stand once. */
  readonly #stepOfNode = new Map<number, Step>()
  readonly #childrenOf = new Map<Step, number>()

  constructor(table: EnsembleTable, trees: Trees, ranks: Ranks, leaves: ReadonlyMap<number, Leaf>) {
    this.#table = table
    this.#trees = trees
    this.#ranks = ranks
    this.#leaves = leaves
  }

  build(): void {
    for (const root of this.#trees.roots) {
      let next = this.#records.length
      this.#roots.push(next)
      this.#add(root)
      // The children of a record come behind all that stand already: a tree's upper levels lie together.
      for (; next < this.#records.length; next++) this.#addChildren(next)
    }
    this.#refuseCircles()
  }

  finish(): Pick<Forest, 'steps' | 'lefts' | 'roots' | 'trees' | 'leafFirst' | 'leafCount'> {
    const { slotBits } = this.#ranks
    // Trees are walked some at once: such as are nothing but an empty record stand behind the last ones.
    const nothing = this.#records.length
    const filled = Math.ceil(this.#roots.length / LANES) * LANES
    this.#records.push({ step: undefined, left: nothing, leaf: undefined })
    return {
      steps: Int32Array.from(this.#records, ({ step }) => (step === undefined ? 0 : ((step.cut - 1) << slotBits) | (step.slot * 4))),
      lefts: Int32Array.from(this.#records, ({ left }) => left),
      roots: Int32Array.from({ length: filled }, (_, i) => this.#roots[i] ?? nothing),
      trees: this.#roots.length,
      leafFirst: Int32Array.from(this.#records, ({ leaf }) => leaf?.first ?? 0),
      leafCount: Int32Array.from(this.#records, ({ leaf }) => leaf?.count ?? 0),
    }
  }

  #add(child: number | Step): void {
    const at = this.#records.length
    if (typeof child === 'number' && this.#table.modes[child] === 'LEAF') {
      const leaf = this.#leaves.get(child)
      if (leaf === undefined) throw new Unsupported('a leaf without a weight')
      this.#records.push({ step: undefined, left: at, leaf })
    } else {
      this.#records.push({ step: typeof child === 'number' ? this.#step(child) : child, left: 0, leaf: undefined })
    }
  }

  #addChildren(at: number): void {
    const record = this.#records[at]
    if (record?.step === undefined) return
    const { step } = record
    record.left = this.#childrenOf.get(step) ?? this.#records.length
    if (this.#childrenOf.has(step)) return
    this.#childrenOf.set(step, record.left)
    this.#add(step.left)
    this.#add(step.right)
  }

  #step(node: number): Step {
    const { treeIds, modes, features, thresholds, missingTrue, trueIds, falseIds } = this.#table
    const known = this.#stepOfNode.get(node)
    if (known !== undefined) return known
    const child = (id: number) => this.#trees.find(treeIds[node]!, id)
    const mode = modes[node] as Exclude<Mode, 'LEAF'>
    const [yes, no] = [child(trueIds[node]!), child(falseIds[node]!)]
    const step = stepOf(this.#ranks, mode, features[node]!, thresholds[node]!, missingTrue[node] === 1, yes, no)
    this.#stepOfNode.set(node, step)
    return step
  }

  /** Deep first: a record that is met again while what lies below it is still being looked at leads to itself. */
  #refuseCircles(): void {
    const [unseen, entered, done] = [0, 1, 2]
    const states = new Uint8Array(this.#records.length)
    const stack = [...this.#roots]
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      // A negative number leaves a record that was entered.
      if (at < 0) {
        states[~at] = done
        continue
      }
      if (states[at] === entered) throw new Unsupported('a tree that goes in a circle')
      if (states[at] !== unseen) continue
      const { step, left } = this.#records[at]!
      states[at] = step === undefined ? done : entered
      if (step !== undefined) stack.push(~at, left, left + 1)
    }
  }
}

/**
 * Walks a forest. Four walks go on side by side, for each waits for memory at every step: four trees of one row, or
 * one tree with four rows. Sums are in the precision of the ensemble, in the order of the trees.
 */
import { arrayOf, type FloatType, type Matrix } from '../runtime.ts'
import type { Finish } from './finish.ts'
import type { Forest } from './forest.ts'
import { LANES } from './ranks.ts'

/** Rows whose ranks and sums are held at once. */
const BLOCK_ROWS = 64
/** Fewer rows are walked one by one. */
const TOGETHER_ROWS_MIN = 3

export class Walker {
  readonly #forest: Forest
  readonly #targets: number
  readonly #finish: Finish
  readonly #trees: number
  readonly #isFloat: boolean
  /** By four rows. */
  readonly #ranks: readonly Int32Array[]
  /** Where the trees of one row end. */
  readonly #leaves: Int32Array
  readonly #sums: Matrix
  readonly #weights: Matrix
  /** By record, the only weight of its leaf; where there is one target, no leaf has more that count. */
  readonly #onlyWeights: Matrix

  constructor(forest: Forest, precision: FloatType, targets: number, finish: Finish) {
    this.#forest = forest
    this.#targets = targets
    this.#finish = finish
    this.#trees = forest.trees
    this.#leaves = new Int32Array(forest.roots.length)
    this.#ranks = Array.from({ length: BLOCK_ROWS / LANES }, () => new Int32Array(forest.ranks.words))
    this.#sums = arrayOf(precision, BLOCK_ROWS * targets)
    this.#weights = arrayOf(precision, forest.weights.length)
    this.#weights.set(forest.weights)
    this.#onlyWeights = arrayOf(precision, targets === 1 ? forest.leafFirst.length : 0)
    for (let i = 0; i < this.#onlyWeights.length; i++)
      if (forest.leafCount[i]! > 0) this.#onlyWeights[i] = this.#weights[forest.leafFirst[i]!]!
    this.#isFloat = precision === 'float32'
  }

  /** Outputs of `rows` rows of `features` values, from row `from` of the matrix, into `out` from row `to`. */
  run(matrix: Matrix, features: number, from: number, rows: number, out: Float32Array, to: number): void {
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, rows - row)
      this.#block(matrix, features, from + row, count)
      for (let i = 0; i < count; i++) this.#finish(this.#sums, i * this.#targets, out, (to + row + i) * this.#targets)
    }
  }

  #block(matrix: Matrix, features: number, from: number, rows: number): void {
    const { ranks } = this.#forest
    this.#sums.fill(0, 0, Math.ceil(rows / LANES) * LANES * this.#targets)
    if (rows < TOGETHER_ROWS_MIN) {
      for (let row = 0; row < rows; row++) {
        ranks.fillOne(matrix, (from + row) * features, this.#ranks[0]!)
        this.#walkTrees(row)
      }
      return
    }
    for (let row = 0; row < rows; row += LANES) {
      const four = rows - row < LANES ? this.#filledUp(matrix, features, from + row, rows - row) : matrix
      ranks.fillFour(four, four === matrix ? (from + row) * features : 0, features, this.#ranks[row / LANES]!)
    }
    this.#walkRows(rows)
  }

  /** Some rows less than four, and zeros: what comes of those is not looked at. */
  #filledUp(matrix: Matrix, features: number, from: number, rows: number): Matrix {
    const four = matrix instanceof Float32Array ? new Float32Array(LANES * features) : new Float64Array(LANES * features)
    four.set(matrix.subarray(from * features, (from + rows) * features))
    return four
  }

  /** All trees for one row, four trees at a time. A single sum is kept up on the way: it waits for no memory. */
  #walkTrees(row: number): void {
    const { steps, lefts, roots, slotBits } = this.#forest
    const ranks = this.#ranks[0]!
    const leaves = this.#leaves
    const only = this.#onlyWeights
    const [isSingle, isFloat] = [this.#targets === 1, this.#isFloat]
    let sum = 0
    const mask = (1 << slotBits) - 1
    for (let tree = 0; tree < leaves.length; tree += 4) {
      let a = roots[tree]!
      let b = roots[tree + 1]!
      let c = roots[tree + 2]!
      let d = roots[tree + 3]!
      let stepA = steps[a]!
      let stepB = steps[b]!
      let stepC = steps[c]!
      let stepD = steps[d]!
      while ((stepA | stepB | stepC | stepD) !== 0) {
        a = lefts[a]! + ((stepA - ranks[stepA & mask]!) >>> 31)
        b = lefts[b]! + ((stepB - ranks[stepB & mask]!) >>> 31)
        c = lefts[c]! + ((stepC - ranks[stepC & mask]!) >>> 31)
        d = lefts[d]! + ((stepD - ranks[stepD & mask]!) >>> 31)
        stepA = steps[a]!
        stepB = steps[b]!
        stepC = steps[c]!
        stepD = steps[d]!
      }
      if (!isSingle) {
        leaves[tree] = a
        leaves[tree + 1] = b
        leaves[tree + 2] = c
        leaves[tree + 3] = d
      } else if (isFloat) {
        sum = Math.fround(sum + only[a]!)
        sum = Math.fround(sum + only[b]!)
        sum = Math.fround(sum + only[c]!)
        sum = Math.fround(sum + only[d]!)
      } else {
        sum = sum + only[a]! + only[b]! + only[c]! + only[d]!
      }
    }
    if (isSingle) this.#sums[row] = sum
    else for (let tree = 0; tree < this.#trees; tree++) this.#add(leaves[tree]!, row)
  }

  /** All trees for some rows: tree by tree, four rows at a time. */
  #walkRows(rows: number): void {
    const { steps, lefts, roots, slotBits } = this.#forest
    const mask = (1 << slotBits) - 1
    for (let tree = 0; tree < this.#trees; tree++) {
      const root = roots[tree]!
      for (let row = 0; row < rows; row += LANES) {
        const ranks = this.#ranks[row / LANES]!
        let a = root
        let b = root
        let c = root
        let d = root
        let stepA = steps[root]!
        let stepB = stepA
        let stepC = stepA
        let stepD = stepA
        while ((stepA | stepB | stepC | stepD) !== 0) {
          a = lefts[a]! + ((stepA - ranks[stepA & mask]!) >>> 31)
          b = lefts[b]! + ((stepB - ranks[(stepB & mask) + 1]!) >>> 31)
          c = lefts[c]! + ((stepC - ranks[(stepC & mask) + 2]!) >>> 31)
          d = lefts[d]! + ((stepD - ranks[(stepD & mask) + 3]!) >>> 31)
          stepA = steps[a]!
          stepB = steps[b]!
          stepC = steps[c]!
          stepD = steps[d]!
        }
        this.#add(a, row)
        this.#add(b, row + 1)
        this.#add(c, row + 2)
        this.#add(d, row + 3)
      }
    }
  }

  /** Adds the weights of a leaf's record. */
  #add(at: number, row: number): void {
    const sums = this.#sums
    if (this.#targets === 1) {
      sums[row]! += this.#onlyWeights[at]!
      return
    }
    const { leafFirst, leafCount, weightTargets } = this.#forest
    const first = leafFirst[at]!
    const end = first + leafCount[at]!
    for (let i = first; i < end; i++) sums[row * this.#targets + weightTargets[i]!]! += this.#weights[i]!
  }
}

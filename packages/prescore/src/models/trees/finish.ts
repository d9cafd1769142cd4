/**
 * From the sums of a row to its outputs, step by step as ONNX Runtime does it: base values, average, transform, and
 * its several ways of making two classes of one sum. Where it is unclear what it would do, the model is left to it.
 */
import type { Matrix } from '../runtime.ts'
import type { EnsembleTable, Transform } from './attributes.ts'
import { expFloat, logisticFloat } from './exp.ts'
import type { Forest } from './forest.ts'
import { Unsupported } from './unsupported.ts'

/** Turns the sums at `at`, in place, and writes the row's outputs as float32 at `to`. */
export type Finish = (sums: Matrix, at: number, out: Float32Array, to: number) => void

/** Whether every row, or none, gets a weight of the target. */
export type Carried = readonly ('always' | 'never' | 'sometimes')[]

/** @throws Unsupported */
export function finishOf(table: EnsembleTable, carried: Carried, forest: Forest): Finish {
  if (table.bases.some(base => Object.is(base, -0))) throw new Unsupported('a base value of -0')
  if (table.kind === 'regressor') return table.targets === 1 ? oneTarget(table, forest.trees) : someTargets(table, carried, forest)
  return table.targets === 2 ? twoClasses(table, carried) : someClasses(table)
}

/** A transform stands in the file and is not applied: so does ONNX Runtime with a single target. */
function oneTarget({ bases, average }: EnsembleTable, trees: number): Finish {
  const base = bases.length === 1 ? (bases[0] as number) : 0
  return (sums, at, out, to) => {
    if (average) sums[at]! /= trees
    sums[at]! += base
    out[to] = sums[at]!
  }
}

function someTargets({ targets, bases, average, transform }: EnsembleTable, carried: Carried, { trees }: Forest): Finish {
  const based = bases.length === targets
  if (based && carried.some(each => each !== 'always')) throw new Unsupported('base values of targets that some rows have no weight of')
  const finish = transformOf(transform, targets)
  return (sums, at, out, to) => {
    for (let i = at; i < at + targets; i++) {
      if (average) sums[i]! /= trees
      if (based) sums[i]! += bases[i - at]!
    }
    finish(sums, at, out, to)
  }
}

function someClasses({ targets, bases, transform }: EnsembleTable): Finish {
  if (bases.length > targets) throw new Unsupported('more base values than classes')
  const finish = transformOf(transform, targets)
  return (sums, at, out, to) => {
    for (let i = 0; i < bases.length; i++) sums[at + i]! += bases[i]!
    finish(sums, at, out, to)
  }
}

function twoClasses(table: EnsembleTable, carried: Carried): Finish {
  const { bases, weights, transform } = table
  const [first, second] = carried
  if (first === 'sometimes' || second === 'sometimes') throw new Unsupported('two classes that some rows have no weight of')
  if (second === 'always') {
    if (first === 'always' && bases.length === 0) return transformOf(transform, 2)
    throw new Unsupported('two classes with weights of the second only, or with base values for both')
  }
  if (first !== 'always' || bases.length > 1) throw new Unsupported('two classes with base values for both')
  const base = bases[0] ?? 0
  if (transform === 'LOGISTIC') return (sums, at, out, to) => bothLogistic(sums, at, out, to, base)
  const positive = Array.from(weights).every(weight => !(weight < 0))
  return positive ? (sums, at, out, to) => complement(sums, at, out, to, base) : (sums, at, out, to) => bothSigns(sums, at, out, to, base)
}

/** Weights that are all positive are probabilities already. */
function complement(sums: Matrix, at: number, out: Float32Array, to: number, base: number): void {
  sums[at]! += base
  out[to] = 1 - sums[at]!
  out[to + 1] = sums[at]!
}

function bothLogistic(sums: Matrix, at: number, out: Float32Array, to: number, base: number): void {
  sums[at]! += base
  const score = Math.fround(sums[at]!)
  const winner = logisticFloat(Math.abs(score))
  const loser = Math.fround(1 - winner)
  out[to] = score > 0 ? loser : winner
  out[to + 1] = score < 0 ? loser : winner
}

function bothSigns(sums: Matrix, at: number, out: Float32Array, to: number, base: number): void {
  sums[at]! += base
  out[to] = -sums[at]!
  out[to + 1] = sums[at]!
}

function transformOf(transform: Transform, count: number): Finish {
  if (transform === 'NONE') return (sums, at, out, to) => out.set(sums.subarray(at, at + count), to)
  if (transform === 'LOGISTIC') {
    return (sums, at, out, to) => {
      for (let i = 0; i < count; i++) out[to + i] = logisticFloat(Math.fround(sums[at + i]!))
    }
  }
  return softmax(count, transform === 'SOFTMAX_ZERO')
}

/** What is next to nothing counts as no score, where zeros are left out. */
const NOTHING = Math.fround(1e-7)

function softmax(count: number, skipsZero: boolean): Finish {
  return (sums, at, out, to) => {
    let most = -3.4028234663852886e38
    for (let i = 0; i < count; i++) most = Math.max(most, Math.fround(sums[at + i]!))
    const zero = skipsZero ? expFloat(-most) : 0
    let total = 0
    for (let i = 0; i < count; i++) {
      const score = Math.fround(sums[at + i]!)
      const counts = !skipsZero || score > NOTHING || score < -NOTHING
      out[to + i] = counts ? expFloat(Math.fround(score - most)) : score * zero
      if (counts) total = Math.fround(total + out[to + i]!)
    }
    for (let i = 0; i < count; i++) out[to + i]! /= total
  }
}

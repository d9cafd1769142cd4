/** Which class a row of a classifier is said to be of, as ONNX Runtime tells it: not from the probabilities, but from the sums. */
import type { Matrix } from '../runtime.ts'
import type { EnsembleTable } from './attributes.ts'
import type { Carried } from './finish.ts'
import { Unsupported } from './unsupported.ts'

/** The position of the class, from the sums that begin at `at` as `Finish` leaves them. */
export type ClassOf = (sums: Matrix, at: number) => number

/** @throws Unsupported */
export function classOf({ targets, bases, weights }: EnsembleTable, carried: Carried): ClassOf {
  if (targets > 2) return greatest(candidates(targets, bases.length, carried))
  // Where both classes have a score, ONNX Runtime looks at that of the second alone.
  if (carried[1] === 'always') return (sums, at) => (sums[at + 1]! > 0 ? 1 : 0)
  const threshold = Array.from(weights).every(weight => !(weight < 0)) ? 0.5 : 0
  return (sums, at) => (sums[at]! > threshold ? 1 : 0)
}

/** The classes that every row has a score of. */
function candidates(targets: number, bases: number, carried: Carried): readonly number[] {
  const all = Array.from({ length: targets }, (_, i) => i)
  if (bases === targets) return all
  if (bases > 0 || carried.includes('sometimes')) throw new Unsupported('labels of classes that some rows have no score of')
  return all.filter(i => carried[i] === 'always')
}

/** The first among equals. */
function greatest(classes: readonly number[]): ClassOf {
  return (sums, at) => {
    let best = classes[0]!
    for (const each of classes) if (sums[at + each]! > sums[at + best]!) best = each
    return best
  }
}

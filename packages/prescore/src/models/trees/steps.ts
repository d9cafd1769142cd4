/** Every mode of comparison as steps of one kind: go right where `rank >= cut`, left otherwise. */
import type { Mode } from './attributes.ts'
import type { Ranks } from './ranks.ts'

/** One step: children are other steps, or numbers of nodes of the tree. */
export interface Step {
  readonly slot: number
  readonly cut: number
  readonly left: number | Step
  readonly right: number | Step
}

/** @param missingTrue whether NaN goes to the true child; in BRANCH_NEQ it does anyway, for it differs from everything. */
export function stepOf(
  ranks: Ranks,
  mode: Exclude<Mode, 'LEAF'>,
  feature: number,
  threshold: number,
  missingTrue: boolean,
  yes: number,
  no: number,
): Step {
  const on = ranks.rankOf(feature, threshold)
  const below = (nan: 'left' | 'right', left: Step['left'], right: Step['right']): Step => ({
    slot: ranks.slotOf(feature, nan),
    cut: on,
    left,
    right,
  })
  const upTo = (nan: 'left' | 'right', left: Step['left'], right: Step['right']): Step => ({ ...below(nan, left, right), cut: on + 1 })
  switch (mode) {
    case 'BRANCH_LEQ':
      return upTo(missingTrue ? 'left' : 'right', yes, no)
    case 'BRANCH_LT':
      return below(missingTrue ? 'left' : 'right', yes, no)
    case 'BRANCH_GTE':
      return below(missingTrue ? 'right' : 'left', no, yes)
    case 'BRANCH_GT':
      return upTo(missingTrue ? 'right' : 'left', no, yes)
    case 'BRANCH_EQ':
      return below(missingTrue ? 'right' : 'left', no, upTo('left', yes, no))
    case 'BRANCH_NEQ':
      return below('left', yes, upTo('right', no, yes))
  }
}

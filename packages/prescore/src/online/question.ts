/** How the sums of a key are held, so that what blocks come to can be put together. */
import type { BitRange } from '../features/index.ts'
import type { WindowSums } from './window-sums.ts'

export interface Question {
  /** Of all blocks, at least: a little more than there are, so that few events more need no other form. */
  readonly events: number
  readonly bits: readonly BitRange[]
  /** By value of the layout, to make sums with; it is the same object while the forms are the same. */
  readonly forms: readonly WindowSums[]
}

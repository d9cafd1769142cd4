import type { Column } from '../expressions/index.ts'
import type { Sheet } from '../features/index.ts'
import type { FeatureGroupDefinition } from '../project/index.ts'

/** Which features are asked for, of which keys, as of when. */
export interface FeatureRequest {
  readonly group: FeatureGroupDefinition
  /** The columns of the keys, in the entity's order. */
  readonly keys: readonly Column[]
  readonly asOfUs: Float64Array
  /** How much of the source's log each row has read, by position: what lies behind does not count. Absent: all that is pinned. */
  readonly positions?: Float64Array
  /** What the answer is laid out on, in the order of the rows; absent: one sheet. */
  readonly sheets?: readonly Sheet[]
}

/** Of all rows that ask. */
export function sheetsOf({ sheets, asOfUs }: FeatureRequest): readonly Sheet[] {
  return sheets ?? [{ queries: asOfUs.length }]
}

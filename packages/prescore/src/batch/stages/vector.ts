/** The feature vector of rows of the population, from the part files of stage 1, or from the rows themselves. */
import type { Chunk, Column } from '../../expressions/index.ts'
import type { RunContext } from '../context.ts'
import { hasOwnRows } from '../plan.ts'
import { ownVectors } from './own-rows.ts'
import { joinedFeatures } from './parts.ts'

/** A column for each feature, before any rounding. @throws PrescoreError `run_corrupt`, also when a row's joined key is in no part; as `readOwnRows` */
export async function vectorColumns(context: RunContext, rows: Chunk): Promise<readonly Float64Array[]> {
  const { assembly, plan } = context
  if (hasOwnRows(plan)) return ownVectors(context, rows)
  const features = new Map<string, readonly Column[]>()
  for (const { name, keys } of assembly.joins) features.set(name, await joinedFeatures(context, name, keys(rows), rows.rows))
  return assembly.vector.columns(assembly.joined(rows, features))
}

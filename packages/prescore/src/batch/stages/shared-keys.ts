/** Keys that are one whole number each, as most are, read once for all workers that score with each other. */
import { type Chunk, type Column, isStringColumn } from '../../expressions/index.ts'
import type { PredictionDefinition } from '../../project/index.ts'
import type { RunContext } from '../context.ts'
import { type RowRange, readRun } from '../rows.ts'

/** Undefined: they are others, or there are more or fewer; then each reads its own, which tells what is wrong. @throws PrescoreError `run_corrupt` */
export async function sharedKeys(
  { database, populationFile, prediction }: RunContext,
  ranges: readonly RowRange[],
): Promise<SharedArrayBuffer | undefined> {
  const name = onlyInteger(prediction)
  if (name === undefined) return undefined
  const wanted = ranges.reduce((sum, [from, to]) => sum + to - from, 0)
  const keys = new Float64Array(new SharedArrayBuffer(wanted * Float64Array.BYTES_PER_ELEMENT))
  let rows = 0
  for (const range of ranges) {
    for await (const chunk of readRun(database, populationFile, { [`key_${name}`]: 'int64' }, range)) {
      const column = chunk.columns.get(`key_${name}`) as Column
      if (isStringColumn(column) || column.exact !== undefined || rows + chunk.rows > wanted) return undefined
      keys.set(column.values.subarray(0, chunk.rows), rows)
      rows += chunk.rows
    }
  }
  return rows === wanted ? keys.buffer : undefined
}

/** As `readKeys` gives them. */
export function keysIn(shared: SharedArrayBuffer, prediction: PredictionDefinition): Chunk {
  const values = new Float64Array(shared) as Float64Array<ArrayBufferLike> as Float64Array<ArrayBuffer>
  return { rows: values.length, columns: new Map([[`key.${onlyInteger(prediction)}`, { type: { kind: 'int64' }, values }]]) }
}

function onlyInteger({ entity = {} }: PredictionDefinition): string | undefined {
  const [[name, kind] = [], ...others] = Object.entries(entity)
  return kind === 'int64' && others.length === 0 ? name : undefined
}

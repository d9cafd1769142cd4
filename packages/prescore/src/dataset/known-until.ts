/** Up to which as-of labels are known: where they look ahead, everything up to there must be in the data. */
import { scanSource } from '../sources/index.ts'
import type { Prepared } from './prepare.ts'

/** @param firstUs the first as-of of all rows. */
export async function labelsKnownUntilUs({ training: { next }, database, source, counter }: Prepared, firstUs: number): Promise<number> {
  if (next === undefined || firstUs === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY
  const { at, pin } = source(next.source)
  let lastUs = Number.NEGATIVE_INFINITY
  const scan = { columns: [], fromUs: firstUs + next.horizonUs, onRows: counter('end of data') }
  for await (const { timeUs } of scanSource(database, at, pin, scan)) for (const us of timeUs) if (us > lastUs) lastUs = us
  return lastUs - next.horizonUs
}

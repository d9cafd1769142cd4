/** Computes the cells of one lane: which sweep serves which statistic. */
import type { Crossings } from './crossings.ts'
import { DistinctValues } from './distinct.ts'
import { Extremes, type WindowColumn } from './extremes.ts'
import { InOrder, type RankedColumn } from './in-order.ts'
import { Latest } from './latest.ts'
import { Modes } from './modes.ts'
import type { Cell, Statistic } from './plan.ts'
import type { Room } from './room.ts'
import type { SumWindow } from './sum-columns.ts'
import { computeSums } from './sums.ts'
import { type Lane, sweepEntries, sweepWindow } from './sweep.ts'
import type { Questions } from './timeline.ts'
import type { Window } from './windows.ts'

/** For each question, whatever is in its window; the others are written where there is something to say. */
const ALWAYS_WRITTEN: ReadonlySet<Statistic> = new Set(['count', 'sum', 'mean', 'std', 'min', 'max'])

/** A column by query row for each cell, in the room; NaN is missing. Texts are given by their codes. */
export function computeCells(lane: Lane, questions: Questions, cells: readonly Cell[], room: Room): readonly Float64Array[] {
  const results = cells.map(({ statistic }, i) => {
    return readyFor(statistic, room.doubles(`cell ${i}`, questions.total))
  })
  const columns = (statistic: Statistic): RankedColumn[] =>
    cells.flatMap(({ window, rank, ...cell }, i) => (cell.statistic === statistic ? [{ window, rank, values: results[i]! }] : []))
  const windows = sumWindows(columns, lane.exits)
  if (windows.length > 0) computeSums(lane, questions, windows, room)
  const [greatest, least] = [columns('max'), columns('min')]
  if (greatest.length > 0) sweepEntries(lane, questions, new Extremes(lane, 1, greatest))
  if (least.length > 0) sweepEntries(lane, questions, new Extremes(lane, -1, least))
  const [last, sinceLast] = [columns('last').filter(({ rank }) => rank === 1), columns('timeSinceLast')]
  if (last.length + sinceLast.length > 0) sweepEntries(lane, questions, new Latest(lane, last, sinceLast))
  const [first, earlier] = [columns('first'), columns('last').filter(({ rank }) => rank > 1)]
  if (first.length + earlier.length > 0) sweepEntries(lane, questions, new InOrder(lane, first, earlier))
  for (const { window, values } of columns('distinct')) sweepWindow(lane, questions, lane.exits(window), new DistinctValues(values))
  for (const [window, ranked] of Map.groupBy(columns('mode'), each => each.window))
    sweepWindow(lane, questions, lane.exits(window), new Modes(ranked, lane.texts))
  return results
}

/** What a query of no key keeps. */
export function emptyResults(statistic: Statistic, rows: number): Float64Array {
  return fillEmpty(new Float64Array(rows), statistic)
}

/** Results that are about to be written: what is not always written is empty. */
export function readyFor(statistic: Statistic, results: Float64Array): Float64Array {
  return ALWAYS_WRITTEN.has(statistic) ? results : fillEmpty(results, statistic)
}

function fillEmpty(results: Float64Array, statistic: Statistic): Float64Array {
  return results.fill(emptyOf(statistic))
}

/** What an empty window has. */
export function emptyOf(statistic: Statistic): number {
  return statistic === 'count' || statistic === 'sum' || statistic === 'distinct' ? 0 : Number.NaN
}

function sumWindows(columns: (statistic: Statistic) => WindowColumn[], exits: (window: Window) => Crossings): SumWindow[] {
  const sums = (['count', 'sum', 'mean', 'std'] as const).map(columns)
  const windows = new Set(sums.flat().map(({ window }) => window))
  return [...windows].map(window => {
    const [count, sum, mean, std] = sums.map(each => each.find(other => other.window === window)?.values)
    return { exits: exits(window), columns: { count, sum, mean, std } }
  })
}

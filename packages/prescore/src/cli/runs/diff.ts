/** Two runs, key by key, for a person. */
import { diffRuns, type KeyMove, type RunDiff } from '../../batch/index.ts'
import { runSummaryJson } from '../../server/index.ts'
import { type Invocation, wholeNumber } from '../command.ts'
import { count, shortHash, table } from '../terminal.ts'

const TOP = { usual: 10, most: 10_000 }
/** Features told of one key. */
const FEATURES_SHOWN = 4

export async function diffCommand({ open, terminal, options }: Invocation, [a, b]: readonly string[]): Promise<void> {
  const top = wholeNumber(options.top, 'top', 0, TOP.most) ?? TOP.usual
  const app = await open()
  const diff = await diffRuns(await app.place(), { a: a as string, b: b as string, top, withFeatures: options.features === true })
  terminal.print({ ...diff, a: runSummaryJson(diff.a), b: runSummaryJson(diff.b) }, diffText(diff))
}

function diffText({ a, b, keys, change, moved, others, features }: RunDiff): string {
  const counts = Object.entries(keys).map(([sort, number]) => `${count(number)} ${sort}`)
  const how =
    change === null
      ? []
      : [
          [
            '  change',
            `mean ${signed(change.mean)}, by median ${figure(change.median)}, 95 % ${figure(change.p95)}, at most ${figure(change.max)}`,
          ],
        ]
  const head = table([['  keys', counts.join(', ')], ...how])
  return [
    `From run ${shortHash(a.id)} to ${shortHash(b.id)} of ${a.prediction}:`,
    head,
    ...movedText(moved),
    ...othersText(others),
    ...featuresText(features),
  ].join('\n')
}

function movedText(moved: readonly KeyMove[]): string[] {
  if (moved.length === 0) return []
  const rows = moved.map(({ key, a, b, change, features = [] }) => {
    const shown = features.slice(0, FEATURES_SHOWN).map(each => `${each.feature} ${each.a} → ${each.b}`)
    const more = features.length > FEATURES_SHOWN ? [`and ${features.length - FEATURES_SHOWN} more`] : []
    return [`  ${key}`, `${a} → ${b}`, signed(change as number), [...shown, ...more].join(', ')]
  })
  return ['Moved most:', table(rows)]
}

function othersText(others: RunDiff['others']): string[] {
  return Object.entries(others).flatMap(([sort, keys]) => {
    if (keys.length === 0) return []
    const rows = keys.map(({ key, a, b }) => [`  ${key}`, `${a ?? 'no value'} → ${b ?? 'no value'}`])
    return [`${sort[0]?.toUpperCase()}${sort.slice(1)}:`, table(rows)]
  })
}

function featuresText(features: RunDiff['features']): string[] {
  const entries = Object.entries(features ?? {})
  if (entries.length === 0) return []
  const rows = entries.map(([name, { keys, meanChange }]) => [
    `  ${name}`,
    `${count(keys)} of the moved keys`,
    `mean ${signed(meanChange)}`,
  ])
  return ['Features that moved:', table(rows)]
}

function signed(value: number): string {
  return `${value > 0 ? '+' : ''}${figure(value)}`
}

function figure(value: number): string {
  return String(Number(value.toPrecision(3)))
}

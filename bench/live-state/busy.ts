/** One busy key: so many events in the longest of its windows, spread over four weeks, known some minutes after they happened. */
import type { Column } from '../../packages/prescore/src/expressions/index.ts'
import { type LiveGroup, liveGroup, type PositionedChunk } from '../../packages/prescore/src/online/index.ts'
import { entity, events } from '../../packages/prescore/src/project/index.ts'
import type { SourceAt } from '../../packages/prescore/src/sources/index.ts'

export const WEEKS_US = 28 * 86_400e6
/** When the events begin. */
const FROM_US = Date.parse('2026-06-01T00:00:00Z') * 1000
/** After the last event. */
export const NOW_US = FROM_US + WEEKS_US
export const BUSY_KEY = { airport: 'ATL' }

const landings = events({
  files: 'landings.parquet',
  columns: { airport: 'string', delay: 'int64', carrier: 'string', at: 'timestamp', received: 'timestamp' },
  time: 'at',
  arrival: row => row.received,
})
const group = landings.by(entity({ airport: 'string' })).features(f => ({
  count: f.count({ over: ['3h', '1d', '7d', '28d'] }),
  mean: f.mean('delay', { over: ['1d', '7d', '28d'] }),
  std: f.std('delay', { over: ['7d', '28d'] }),
  max: f.max('delay', { over: ['1d', '28d'] }),
  late: f.share(row => row.delay.gt(15), { over: ['3h', '1d', '7d', '28d'] }),
  first: f.first('delay', { over: ['7d', '28d'] }),
  last: f.last('carrier', { over: '28d' }),
  carriers: f.distinct('carrier', { over: ['1d', '7d', '28d'] }),
  sinceLast: f.timeSinceLast({ over: '7d' }),
}))

export function sourceIn(folder: string): SourceAt {
  return { name: 'landings', definition: landings.definition, folder }
}

export function groupIn(folder: string): LiveGroup {
  return liveGroup(sourceIn(folder), { source: 'landings', entity: group.entity.columns, by: group.by, features: group.features })
}

/** Events `from` to before `end` of `total`, in order of arrival: one of eight comes some events late. */
export function landed(from: number, end: number, total: number): PositionedChunk {
  const rows = end - from
  const numbers = (value: (event: number) => number) => Float64Array.from({ length: rows }, (_, i) => value(from + i))
  const timeUs = numbers(event => FROM_US + Math.floor(((event - (event % 8 === 0 ? 5 : 0)) * WEEKS_US) / total / 1e6) * 1e6)
  const carriers = Array.from({ length: 40 }, (_, carrier) => `carrier ${carrier}`)
  const columns = new Map<string, Column>([
    ['row.airport', { type: { kind: 'string' }, codes: new Int32Array(rows), dictionary: [BUSY_KEY.airport] }],
    ['row.delay', { type: { kind: 'int64' }, values: numbers(event => ((event * 7919) % 181) - 60) }],
    [
      'row.carrier',
      { type: { kind: 'string' }, codes: Int32Array.from({ length: rows }, (_, i) => ((from + i) * 31) % 40), dictionary: carriers },
    ],
  ])
  return { rows, columns, timeUs, knownAtUs: timeUs, positions: numbers(event => event + 1) }
}

/** Flights of a range of days as columns: their slots, when they left, and whether they arrived late. */

import { spread } from '../../../packages/prescore/src/dataset/sample.ts'
import { type Column, compile, type NumberColumn, references } from '../../../packages/prescore/src/expressions/index.ts'
import { columnBuffer } from '../../../packages/prescore/src/history/index.ts'
import { rowScope } from '../../../packages/prescore/src/project/index.ts'
import { scanSource } from '../../../packages/prescore/src/sources/index.ts'
import type { Ground } from './ground.ts'
import type { Outcomes } from './measures.ts'

export const DAY_US = 86_400_000_000
export const HOUR_US = 3_600_000_000

/** The days of a flight are those of its departure, counted from the first of the range. */
export interface Flights extends Outcomes {
  readonly rows: number
  /** The columns of the key, by name: `origin`, `destination`, `hour`. */
  readonly slot: ReadonlyMap<string, Column>
  readonly departureUs: Float64Array
}

/**
 * Those that departed from the first day to the last, `YYYY-MM-DD` in the zone of the prediction.
 *
 * @param sample the share to take: the flights that `prescore dataset --sample` takes.
 */
export async function readFlights(ground: Ground, first: string, last: string, sample = 1): Promise<Flights> {
  const { database, source, pin, prediction, training, zone } = ground
  const firstLocalUs = localUs(first)
  const untilLocalUs = localUs(last) + DAY_US
  const keys = Object.entries(prediction.entity ?? {}).map(([name, kind]) => ({ name, buffer: columnBuffer({ kind }) }))
  const label = compile(training.label, rowScope(source.definition), 'label')
  const labels = columnBuffer(label.type)
  const departures = columnBuffer({ kind: 'float64' })
  const { id = '' } = source.definition
  const columns = [id, ...keys.map(({ name }) => name), ...[...references(training.label)].map(ref => ref.slice('row.'.length))]
  const range = { fromUs: zone.toUtcUs(firstLocalUs), untilUs: zone.toUtcUs(untilLocalUs) }
  for await (const chunk of scanSource(database, source, pin, { columns, ...range })) {
    const places = spread([chunk.columns.get(`row.${id}`) as Column], chunk.rows)
    const taken = Int32Array.from(places.keys()).filter(row => places[row]! < sample)
    for (const { name, buffer } of keys) buffer.append(chunk.columns.get(`row.${name}`) as Column, taken)
    labels.append(label(chunk), taken)
    departures.append({ type: { kind: 'float64' }, values: chunk.timeUs }, taken)
  }
  const departureUs = numbersOf(departures.column())
  return {
    rows: departureUs.length,
    slot: new Map(keys.map(({ name, buffer }) => [name, buffer.column()])),
    departureUs,
    late: Uint8Array.from(numbersOf(labels.column())),
    day: Uint16Array.from(departureUs, us => (zone.toLocalUs(us) - firstLocalUs) / DAY_US),
    days: (untilLocalUs - firstLocalUs) / DAY_US,
  }
}

export function numbersOf(column: Column | undefined): Float64Array {
  return (column as NumberColumn).values
}

function localUs(day: string): number {
  return Date.parse(`${day}T00:00Z`) * 1000
}

/** A project over random flights, and the training set that its definition says. */
import type { ExpressionNode } from '../../src/expressions/index.ts'
import type { ClockName } from '../../src/features/index.ts'
import type { LoadedProject, PredictionDefinition, ProjectDefinition, TrainingDefinition } from '../../src/project/index.ts'
import type { NaiveValue } from '../features/naive.ts'
import { FEATURES, type Flight, groupOf, naive, slot, source } from '../history/oracle.ts'
import type { Place, Row } from '../parquet/place.ts'

const ref = (name: string): ExpressionNode => ({ ref: name })
const TEXTS = ['last', 'first', 'before', 'usual']
const NUMBERS = Object.keys(FEATURES).filter(name => !TEXTS.includes(name))

/** Window features of two entities, and a transform of a text among them. */
const FEATURE_LIST = [
  ...NUMBERS.map(name => ({ name: `airport_${name}`, expression: ref(`join.airport.${name}`) })),
  ...NUMBERS.map(name => ({ name: `slot_${name}`, expression: ref(`join.slot.${name}`) })),
  {
    name: 'isAmerican',
    expression: { call: 'eq', args: [ref('join.airport.last'), { constant: 'AA', kind: 'string' }] } as ExpressionNode,
  },
]

/** How long after the as-of the label looks, in µs. */
export const HORIZON_US = 8

export const LABELS = {
  row: { label: ref('row.isLate') },
  next: {
    label: { call: 'gt', args: [ref('next.flights'), { constant: 1, kind: 'int64' }] },
    next: {
      source: 'flights',
      entity: slot.columns,
      by: { hour: 'hour', from: 'origin' },
      features: { flights: { aggregate: 'count', windowUs: HORIZON_US, delayUs: 0 } },
      horizonUs: HORIZON_US,
    },
  },
} as const satisfies Record<string, Pick<TrainingDefinition, 'label' | 'next'>>

export function project(
  place: Place,
  training: Partial<TrainingDefinition> = LABELS.row,
  more: Partial<PredictionDefinition> = {},
): LoadedProject {
  const late: PredictionDefinition = {
    name: 'late',
    entity: slot.columns,
    inputs: {},
    zone: 'UTC',
    joins: {
      airport: { ...groupOf('airport', false), key: { origin: ref('key.from') } },
      slot: { ...groupOf('slot', true), key: { hour: ref('key.hour'), from: ref('key.from') } },
    },
    features: FEATURE_LIST,
    model: { runtime: 'onnx', file: 'late.onnx', output: '' },
    training: {
      source: 'flights',
      asOf: ref('row.at'),
      keys: { hour: 'hour', from: 'origin' },
      inputs: {},
      label: ref('row.isLate'),
      ...training,
    },
    policy: { mode: 'live' },
    gates: { coverage: 1 },
    outputs: {},
    ...more,
  }
  const definition: ProjectDefinition = { sources: { flights: source.definition }, predictions: { late } }
  return { definition, file: place.path('prescore.config.ts'), folder: place.folder }
}

/** The rows of the set as the file must hold them, without order. */
export function expectedRows(
  flights: readonly Flight[],
  label: keyof typeof LABELS,
  clock: ClockName,
): { readonly rows: Row[]; readonly unlabelled: number; readonly keyless: number } {
  const keyed = flights.filter(({ hour, origin }) => hour !== undefined && origin !== undefined)
  const labelled = keyed.map(flight => ({ flight, label: labelOf(flight, flights, label) })).filter(each => each.label !== undefined)
  const rows = labelled.map(({ flight, label }) => ({
    key_hour: flight.hour,
    key_from: flight.origin,
    as_of: flight.at,
    ...featuresOf(flight, flights, clock),
    label,
  }))
  return { rows, unlabelled: keyed.length - rows.length, keyless: flights.length - keyed.length }
}

function labelOf(flight: Flight, flights: readonly Flight[], label: keyof typeof LABELS): boolean | undefined {
  if (label === 'row') return flight.delay === undefined ? undefined : flight.delay > 0.5
  const until = flight.at + HORIZON_US
  if (until > Math.max(...flights.map(({ at }) => at))) return undefined
  const isOwn = (other: Flight) =>
    flight.hour !== undefined && flight.origin !== undefined && other.hour === flight.hour && other.origin === flight.origin
  return flights.filter(other => isOwn(other) && other.at >= flight.at && other.at < until).length > 1
}

function featuresOf(flight: Flight, flights: readonly Flight[], clock: ClockName): Row {
  const ask = (name: string, key: 'airport' | 'slot') => {
    const parts = key === 'airport' ? [flight.origin] : [flight.hour, flight.origin]
    return naive(name, key, key === 'slot', flights, { key: parts, asOfUs: flight.at }, clock)
  }
  const entries = (['airport', 'slot'] as const).flatMap(key =>
    NUMBERS.map(name => [`${key}_${name}`, inModelUnits(name, ask(name, key))] as const),
  )
  const last = ask('last', 'airport')
  return { ...Object.fromEntries(entries), isAmerican: last === undefined ? undefined : Number(last === 'AA') }
}

/** Durations are seconds. */
function inModelUnits(name: string, value: NaiveValue): number | undefined {
  if (value === undefined) return undefined
  return name === 'since' ? (value as number) / 1e6 : (value as number)
}

/** The set on a grid: at each moment the keys of flights that were known by then, of the time before it, each once. */
export function expectedGrid(
  flights: readonly Flight[],
  moments: readonly number[],
  isIn: (flight: Flight, asOfUs: number) => boolean,
  clock: ClockName,
): { readonly rows: Row[]; readonly unlabelled: number } {
  const asked = moments.flatMap(asOfUs => {
    const found = flights.filter(each => each.hour !== undefined && each.origin !== undefined && isIn(each, asOfUs))
    const unique = new Map(found.map(each => [`${each.hour} ${each.origin}`, each]))
    return [...unique.values()].map(each => ({ ...each, at: asOfUs }))
  })
  const labelled = asked.map(each => ({ each, label: labelOf(each, flights, 'next') })).filter(({ label }) => label !== undefined)
  const rows = labelled.map(({ each, label }) => {
    return { key_hour: each.hour, key_from: each.origin, as_of: each.at, ...featuresOf(each, flights, clock), label }
  })
  return { rows, unlabelled: asked.length - rows.length }
}

/** The rows of a file, times in µs, missing as undefined. */
export async function readRows(place: Place, file: string): Promise<Row[]> {
  const rows = await place.query(`SELECT * REPLACE (epoch_us(as_of)::DOUBLE AS as_of) FROM '${file}'`)
  return rows.map(row => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)])))
}

function plain(value: unknown): Row[string] {
  if (value === null) return undefined
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : (value as Row[string])
}

/** Rows in the order of their texts. */
export function sorted(rows: readonly Row[]): Row[] {
  const text = (row: Row) =>
    JSON.stringify(
      Object.entries(row)
        .sort()
        .map(([name, value]) => [name, String(value)]),
    )
  return [...rows].sort((a, b) => (text(a) < text(b) ? -1 : 1))
}

/** The rows that a run scores: the distinct keys of a source at the as-of time with their inputs, sorted by the bytes of the keys. */
import { checkSignal } from '../base/index.ts'
import type { Column, Kind, NumberColumn } from '../expressions/index.ts'
import { KeyIndex, keyColumns, NO_KEY } from '../history/index.ts'
import { type Database, writeGroups } from '../parquet/index.ts'
import { filterScope, type KeyColumns, type PredictionDefinition } from '../project/index.ts'
import { type KnownChunk, type KnownRequest, knownRows } from '../sources/index.ts'
import { PopulationInputs } from './population-inputs.ts'
import { IntegerPopulation } from './population-integers.ts'
import { type KeysRequest, slicedKeys } from './population-slices.ts'
import { emptyPopulation, repeatedKey, withoutKey } from './refused-keys.ts'

export interface PopulationRequest extends KeysRequest {
  readonly signal: AbortSignal | undefined
}

/** The keys that were found, and their inputs. */
export interface PopulationRows {
  readonly index: KeyIndex
  readonly inputs: PopulationInputs
}

/**
 * The rows of the population. Events without a value in a key column are of no key; a row of a table must have one.
 * @throws PrescoreError `empty_population`; `duplicate_keys`, `invalid_key` (a table that has a key twice, or a row without one); `interrupted`
 */
export async function populationRows(database: Database, request: PopulationRequest): Promise<PopulationRows> {
  const { prediction, source } = request
  const { entity } = prediction as Required<PredictionDefinition>
  const where = placeOf(request)
  const index = new KeyIndex(entity)
  const inputs = new PopulationInputs(prediction, source)
  for await (const { columns, chunk } of populationChunks(database, request, inputs.reads)) {
    const before = index.size
    const numbers = index.add(columns, chunk.rows)
    if (source.definition.type === 'table') refuseRepeats(numbers, before, index, entity, where)
    inputs.append(chunk, numbers)
  }
  if (index.size === 0) throw emptyPopulation(where, request.asOfUs)
  return { index, inputs }
}

/** Rows of the source with the columns of their keys. */
async function* populationChunks(
  database: Database,
  request: PopulationRequest,
  more: readonly string[],
): AsyncGenerator<{ readonly columns: readonly Column[]; readonly chunk: KnownChunk }> {
  const { prediction, source, pin, asOfUs, signal } = request
  const { population, entity } = prediction as Required<PredictionDefinition>
  const keys = Object.keys(entity).map(name => population.keys[name] ?? name)
  const known: KnownRequest = {
    knownByUs: asOfUs,
    untilUs: asOfUs,
    ...(population.sinceUs === undefined ? {} : { fromUs: asOfUs - population.sinceUs }),
    ...(population.where === undefined
      ? {}
      : { where: { condition: population.where, scope: filterScope(source.definition, prediction.zone), name: placeOf(request) } }),
    by: keys,
    more,
    needed: source.definition.type === 'table' ? 'each' : more.length > 0 ? 'last' : 'any',
  }
  for await (const chunk of knownRows(database, source, pin, known)) {
    checkSignal(signal)
    yield { columns: keys.map(name => chunk.columns.get(`row.${name}`) as Column), chunk }
  }
}

function placeOf({ prediction }: PopulationRequest): string {
  return `predictions.${prediction.name}.population`
}

/** Writes the rows of a population to a Parquet file, as {@link writePopulation} does. @returns how many there are. @throws PrescoreError as {@link populationRows} does */
export async function recordPopulation(database: Database, file: () => Promise<string>, request: PopulationRequest): Promise<number> {
  const { prediction } = request
  const integers = IntegerPopulation.fits(prediction) ? await integerPopulation(database, request) : undefined
  if (integers === undefined) {
    const rows = await populationRows(database, request)
    return writePopulation(await file(), prediction, rows)
  }
  const [name] = Object.keys(populationKinds(prediction)) as [string]
  const rows = integers.values.length
  await writeGroups(await file(), populationKinds(prediction), [{ rows, columns: new Map([[name, integers]]) }])
  return rows
}

/** Undefined: there are keys that no double holds. */
async function integerPopulation(database: Database, request: PopulationRequest): Promise<NumberColumn | undefined> {
  const { prediction, source, pin } = request
  const where = placeOf(request)
  const sliced = await slicedKeys(request)
  if (sliced !== undefined && sliced.values.length > 0) return sliced
  const [table, expected] = source.definition.type === 'table' ? [where, pin.rows] : []
  const keys = new IntegerPopulation(prediction.entity ?? {}, table, expected)
  for await (const { columns, chunk } of populationChunks(database, request, []))
    if (!keys.add(columns[0] as NumberColumn, chunk.rows)) return undefined
  const sorted = keys.sorted()
  if (sorted.values.length === 0) throw emptyPopulation(where, request.asOfUs)
  return sorted
}

/** Writes the rows to a Parquet file, in the order of their keys: columns `key_*` and `input_*`. @returns how many rows it has. @throws PrescoreError `invalid_key` (longer than a key may be) */
export async function writePopulation(
  file: string,
  prediction: PredictionDefinition,
  { index, inputs }: PopulationRows,
  order = sortedKeys(index),
): Promise<number> {
  const columns = new Map<string, Column>([
    ...keyColumns(index, prediction.entity ?? {}, order).map(([name, column]) => [`key_${name}`, column] as const),
    ...inputs.columns(order).map(([name, column]) => [`input_${name}`, column] as const),
  ])
  await writeGroups(file, populationKinds(prediction), [{ rows: order.length, columns }])
  return order.length
}

/** The columns of a population's file; durations are stored as their exact microseconds. */
export function populationKinds({ entity = {}, inputs }: PredictionDefinition): Readonly<Record<string, Kind>> {
  const keys = Object.entries(entity).map(([name, kind]) => [`key_${name}`, kind] as const)
  const given = Object.entries(inputs).map(([name, kind]) => [`input_${name}`, kind === 'duration' ? ('int64' as const) : kind] as const)
  return Object.fromEntries([...keys, ...given])
}

/** In a table each row is one key: its number must be the next new one. */
function refuseRepeats(numbers: Int32Array, before: number, index: KeyIndex, entity: KeyColumns, where: string): void {
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number
    if (number === NO_KEY) throw withoutKey(where)
    if (number !== before + i) throw repeatedKey(where, entity, index.values(number))
  }
}

/** Key numbers in the order of their keys' bytes. */
export function sortedKeys(index: KeyIndex): Int32Array {
  return sortedIntegers(index) ?? sortedBytes(index)
}

function sortedBytes(index: KeyIndex): Int32Array {
  const bytes = Array.from({ length: index.size }, (_, number) => index.bytes(number))
  return Int32Array.from(bytes.keys()).sort((a, b) => Buffer.compare(bytes[a] as Buffer, bytes[b] as Buffer))
}

/** Where whole numbers are the keys, as most often, their bytes are in the order of the numbers. Undefined: they are not. */
function sortedIntegers(index: KeyIndex): Int32Array | undefined {
  const [kind, ...others] = Object.values(index.columns)
  if (kind !== 'int64' || others.length > 0) return undefined
  const [column] = index.columnsOf(Int32Array.from({ length: index.size }, (_, number) => number))
  const { values, exact, type } = column as NumberColumn
  return exact === undefined ? index.find([{ type, values: values.sort() }], values.length) : undefined
}

/**
 * Training rows on a grid of times: at each moment the keys of the population, as a batch as of that moment would have found them. The
 * source is read once; in memory there are the keys, and a bit for each key and moment.
 */
import { formatInstant, PrescoreError } from '../base/index.ts'
import { type Column, type CompiledExpression, compile, type NumberColumn, references, takeRows } from '../expressions/index.ts'
import { KeyIndex, keyColumns, NO_KEY } from '../history/index.ts'
import { filterScope, type KeyColumns, keyJson, type PopulationDefinition, rowScope } from '../project/index.ts'
import { type ScannedChunk, scanSource } from '../sources/index.ts'
import type { Prepared } from './prepare.ts'
import type { RowsRequest, TrainingRows } from './rows-request.ts'
import { spread } from './sample.ts'

const MOMENTS_MAX = 100_000
const CHUNK_ROWS = 4096

/** @throws PrescoreError `invalid_value` (a grid without bounds, or of too many moments), `duplicate_keys`, `invalid_key`, and what scanning may throw */
export function gridRows(prepared: Prepared, request: RowsRequest, everyUs: number): TrainingRows {
  const entity = prepared.prediction.entity as KeyColumns
  const moments = momentsOf(request, everyUs, `${prepared.where}.asOf`)
  const kinds = Object.entries(entity).map(([name, kind]) => [`key.${name}`, { kind }] as const)
  return {
    types: new Map<string, Column['type']>([...kinds, ['asOf', { kind: 'timestamp' }]]),
    // A population has none.
    keyless: () => 0,
    async *chunks() {
      const { index, marks } = await populationGrid(prepared, moments)
      for (const [at, asOfUs] of moments.entries()) {
        let numbers: number[] = []
        for (let key = 0; key < index.size; key++) {
          if (marks.has(key, at)) numbers.push(key)
          if (numbers.length < CHUNK_ROWS && key < index.size - 1) continue
          const chunk = sampled(rowsOf(index, entity, numbers, asOfUs), numbers.length, request.sample ?? 1)
          if (chunk.rows > 0) yield chunk
          numbers = []
        }
      }
    },
  }
}

function momentsOf({ fromUs, untilUs }: RowsRequest, everyUs: number, where: string): readonly number[] {
  if (fromUs === undefined || untilUs === undefined)
    throw new PrescoreError('invalid_value', {
      where,
      found: 'a grid of times without a beginning or an end',
      expected: '--from and --until',
      fix: 'Say between which moments the rows lie.',
    })
  const first = Math.ceil(fromUs / everyUs)
  const count = Math.max(0, Math.ceil(untilUs / everyUs) - first)
  if (count <= MOMENTS_MAX) return Array.from({ length: count }, (_, i) => (first + i) * everyUs)
  throw new PrescoreError('invalid_value', {
    where,
    found: `${count} moments from ${formatInstant(fromUs)}`,
    expected: `at most ${MOMENTS_MAX}`,
    fix: 'Take a longer step, or a shorter range.',
  })
}

/** Reads the population's source once, and marks at which moments each key is in it. */
async function populationGrid({ prediction, training, database, source, counter }: Prepared, moments: readonly number[]) {
  const { entity, population, zone, name } = prediction as typeof prediction & { entity: KeyColumns; population: PopulationDefinition }
  const { at, pin } = source(population.source)
  const isTable = at.definition.type === 'table'
  const index = new KeyIndex(entity)
  const marks = new Marks(moments.length)
  const [firstUs, lastUs] = [moments[0], moments.at(-1)]
  if (firstUs === undefined || lastUs === undefined) return { index, marks }
  const where = `predictions.${name}.population`
  const filters = [
    ...(population.where === undefined ? [] : [{ node: population.where, scope: filterScope(at.definition, zone) }]),
    ...(training.where === undefined ? [] : [{ node: training.where, scope: rowScope(at.definition) }]),
  ].map(({ node, scope }) => ({ keep: compile(node, scope, where), reads: [...references(node)] }))
  const keys = Object.keys(entity).map(column => population.keys[column] ?? column)
  const columns = [
    ...keys,
    ...filters.flatMap(({ reads }) => reads.filter(ref => ref.startsWith('row.')).map(ref => ref.slice('row.'.length))),
  ]
  const { sinceUs = Number.POSITIVE_INFINITY } = population
  const range = sinceUs === Number.POSITIVE_INFINITY ? {} : { fromUs: firstUs - sinceUs }
  for await (const chunk of scanSource(database, at, pin, { columns, untilUs: lastUs, ...range, onRows: counter('rows') })) {
    const known = index.size
    const numbers = index.add(
      keys.map(column => chunk.columns.get(`row.${column}`) as Column),
      chunk.rows,
    )
    if (isTable) refuseRepeats(numbers, known, index, entity, where)
    const always = filters.filter(({ reads }) => !reads.includes('asOf')).map(({ keep }) => conditionOf(keep, chunk))
    const dated = filters.filter(({ reads }) => reads.includes('asOf'))
    moments.forEach((asOfUs, moment) => {
      const conditions = [...always, ...dated.map(({ keep }) => conditionOf(keep, withAsOf(chunk, asOfUs)))]
      for (let row = 0; row < chunk.rows; row++) {
        const timeUs = chunk.timeUs[row] as number
        const isIn = isTable || (timeUs < asOfUs && timeUs >= asOfUs - sinceUs)
        if (!isIn || (chunk.knownAtUs[row] as number) > asOfUs || numbers[row] === NO_KEY) continue
        if (conditions.every(values => values[row] === 1)) marks.add(numbers[row] as number, moment)
      }
    })
  }
  return { index, marks }
}

function conditionOf(keep: CompiledExpression, chunk: Pick<ScannedChunk, 'rows' | 'columns'>): Float64Array {
  return (keep(chunk) as NumberColumn).values as Float64Array
}

function asOfColumn(rows: number, asOfUs: number): NumberColumn {
  return { type: { kind: 'timestamp' }, values: new Float64Array(rows).fill(asOfUs) }
}

function withAsOf({ rows, columns }: ScannedChunk, asOfUs: number) {
  return { rows, columns: new Map([...columns, ['asOf', asOfColumn(rows, asOfUs)]]) }
}

/** In a table each row is one key: its number must be the next new one. */
function refuseRepeats(numbers: Int32Array, known: number, index: KeyIndex, entity: KeyColumns, where: string): void {
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i] as number
    if (number === NO_KEY)
      throw new PrescoreError('invalid_key', {
        where,
        found: 'a row whose key has a missing column',
        expected: 'a value in every key column',
      })
    if (number !== known + i) throw new PrescoreError('duplicate_keys', { where, found: keyJson(entity, index.values(number)) })
  }
}

function rowsOf(index: KeyIndex, entity: KeyColumns, numbers: readonly number[], asOfUs: number) {
  const keys = keyColumns(index, entity, Int32Array.from(numbers)).map(([name, column]) => [`key.${name}`, column] as const)
  return new Map<string, Column>([...keys, ['asOf', asOfColumn(numbers.length, asOfUs)]])
}

function sampled(columns: ReadonlyMap<string, Column>, rows: number, sample: number) {
  if (sample >= 1) return { rows, columns }
  const places = spread([...columns.values()], rows)
  const kept = Int32Array.from(places.keys()).filter(row => (places[row] as number) < sample)
  return { rows: kept.length, columns: new Map([...columns].map(([name, column]) => [name, takeRows(column, kept)] as const)) }
}

/** A bit for each key and moment. */
class Marks {
  readonly #words: number
  #bits: Uint32Array

  constructor(moments: number) {
    this.#words = Math.ceil(moments / 32)
    this.#bits = new Uint32Array(this.#words * 1024)
  }

  add(key: number, moment: number): void {
    const word = key * this.#words + (moment >> 5)
    if (word >= this.#bits.length) {
      const grown = new Uint32Array(Math.max(this.#bits.length * 2, (key + 1) * this.#words))
      grown.set(this.#bits)
      this.#bits = grown
    }
    this.#bits[word] = (this.#bits[word] as number) | (1 << (moment & 31))
  }

  has(key: number, moment: number): boolean {
    return (((this.#bits[key * this.#words + (moment >> 5)] ?? 0) >>> (moment & 31)) & 1) === 1
  }
}

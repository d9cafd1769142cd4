/** Answers on sheets: cut, or written to where they belong, they are the whole's to the bit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Column, isStringColumn } from '../../src/expressions/index.ts'
import { compileGroup, onSheets, type Sheet } from '../../src/features/index.ts'
import { columnsOf, computed, groupOf, SCOPE } from './harness.ts'
import type { NaiveFeature } from './naive.ts'

const HOUR_US = 3_600e6
const NUMBERS: readonly NaiveFeature[] = [
  { aggregate: 'count', delayUs: 0, windowUs: 3 * HOUR_US },
  { aggregate: 'mean', value: 'number', delayUs: 0, windowUs: 3 * HOUR_US, default: 7 },
  { aggregate: 'mean', value: 'number', delayUs: 0, windowUs: 3 * HOUR_US },
  { aggregate: 'max', value: 'number', delayUs: 0, windowUs: 9 * HOUR_US },
]
const TEXTS: readonly NaiveFeature[] = [{ aggregate: 'last', value: 'text', delayUs: 0, windowUs: 9 * HOUR_US }]

const hour = fc.integer({ min: 0, max: 20 })
const event = fc.record({
  key: fc.integer({ min: -1, max: 3 }),
  timeUs: hour.map(h => h * HOUR_US),
  knownAtUs: hour.map(h => h * HOUR_US),
  row: fc.record({ number: fc.option(fc.double({ noNaN: true, min: -9, max: 9 }), { nil: undefined }), text: fc.constantFrom('a', 'b') }),
})
const query = fc.record({ key: fc.integer({ min: -1, max: 4 }), asOfUs: hour.map(h => h * HOUR_US) })
/** One as-of for all is another way through the kernel. */
const queries = fc.oneof(
  fc.array(query, { maxLength: 30 }),
  fc.array(query, { maxLength: 30 }).map(all => all.map(each => ({ ...each, asOfUs: 9 * HOUR_US }))),
)

test('answers on sheets are those of the whole', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), queries, fc.array(fc.nat(9)), fc.boolean(), (events, asked, cuts, withTexts) => {
      const features = withTexts ? [...NUMBERS, ...TEXTS] : NUMBERS
      const whole = computed(features, events, asked, 'as-served')
      const sheets = sheetsOf(asked.length, cuts, !withTexts)
      const compiled = compileGroup(groupOf(features), SCOPE, 'UTC', 'group')
      const answered = compiled.answer(
        columnsOf(events),
        Int32Array.from(events, ({ key }) => key),
        5,
        { keyOf: Int32Array.from(asked, ({ key }) => key), asOfUs: Float64Array.from(asked, ({ asOfUs }) => asOfUs) },
        'as-served',
        sheets,
      )
      assert.deepEqual(read(answered, sheets, features.length), columnsAsRows(whole))
      const again = sheetsOf(asked.length, cuts, !withTexts)
      assert.deepEqual(read(onSheets(whole, again), again, features.length), columnsAsRows(whole))
    }),
  )
})

/** Every other sheet has a place, from its last row to its first. */
function sheetsOf(queries: number, cuts: readonly number[], withPlaces: boolean): readonly Sheet[] {
  const sheets: Sheet[] = []
  for (let left = queries, i = 0; left > 0 || i === 0; i++) {
    const own = Math.min(left, cuts[i] ?? left)
    left -= own
    const rows = Int32Array.from({ length: own }, (_, row) => own - row)
    const columns = NUMBERS.map(() => new Float64Array(own + 1))
    sheets.push(withPlaces && i % 2 === 0 ? { queries: own, place: { rows, columns } } : { queries: own })
  }
  return sheets
}

function read(answered: readonly (readonly Column[])[], sheets: readonly Sheet[], features: number): unknown[][] {
  return Array.from({ length: features }, (_, i) =>
    sheets.flatMap(({ queries, place }, s) =>
      Array.from({ length: queries }, (_, row) => cell(answered[s]?.[i] as Column, place?.rows[row] ?? row)),
    ),
  )
}

function columnsAsRows(columns: readonly Column[]): unknown[][] {
  return columns.map(column => Array.from(isStringColumn(column) ? column.codes : column.values, (_, row) => cell(column, row)))
}

function cell(column: Column, row: number): unknown {
  return isStringColumn(column) ? column.dictionary[column.codes[row] as number] : column.values[row]
}

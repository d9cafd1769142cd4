/**
 * Two laws, for any events, positions and moments: features of rows that had read a log only so far are those of a log that ends
 * there; and the events that a view says to have entered a window are those that the kernel counts, no fewer and no more.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { GroupView } from '../../src/audit/window-view.ts'
import { type Column, takeRows } from '../../src/expressions/index.ts'
import { type ClockName, compileGroup, type EventColumns } from '../../src/features/index.ts'
import { asRead } from '../../src/history/as-read.ts'
import { rowScope } from '../../src/project/index.ts'
import { columnFrom, type Plain } from '../expressions/rows.ts'
import { groupOf, source } from '../history/oracle.ts'

const RUNS = Number(process.env.PRESCORE_PROPERTY_RUNS ?? 200)
const KEYS = 3
const group = groupOf('airport', true)
const compiled = compileGroup(group, rowScope(source.definition), undefined, 'flights')

const event = fc.record({
  key: fc.integer({ min: -1, max: KEYS - 1 }),
  at: fc.integer({ min: 0, max: 40 }),
  lateBy: fc.integer({ min: 0, max: 25 }),
  isLogged: fc.boolean(),
  delay: fc.constantFrom(0, 1, 0.1, -7.25, 15, 1e15, undefined),
  carrier: fc.constantFrom('AA', 'é', undefined),
})
const query = fc.record({
  key: fc.integer({ min: -1, max: KEYS - 1 }),
  asOfUs: fc.integer({ min: 0, max: 60 }),
  position: fc.integer({ min: 0, max: 12 }),
})

interface Given {
  readonly events: EventColumns
  readonly keyOf: Int32Array
  readonly positions: Float64Array
}

function given(
  rows: readonly { key: number; at: number; lateBy: number; isLogged: boolean; delay: number | undefined; carrier: string | undefined }[],
): Given {
  const numbers = (of: (row: (typeof rows)[number], i: number) => number) => Float64Array.from(rows, of)
  const column = (kind: 'float64' | 'boolean' | 'string', values: readonly Plain[]) => columnFrom({ kind }, values)
  let position = 0
  const columns = new Map<string, Column>([
    [
      'row.delay',
      column(
        'float64',
        rows.map(({ delay }) => delay),
      ),
    ],
    [
      'row.twice',
      column(
        'float64',
        rows.map(({ delay }) => (delay === undefined ? undefined : delay * 2)),
      ),
    ],
    [
      'row.isLate',
      column(
        'boolean',
        rows.map(({ delay }) => (delay === undefined ? undefined : delay > 0.5)),
      ),
    ],
    [
      'row.carrier',
      column(
        'string',
        rows.map(({ carrier }) => carrier),
      ),
    ],
  ])
  return {
    events: {
      rows: rows.length,
      timeUs: numbers(({ at }) => at),
      knownAtUs: numbers(({ at, lateBy }) => at + lateBy),
      tie: numbers((_, i) => (i * 7919) % 1009),
      columns,
    },
    keyOf: Int32Array.from(rows, ({ key }) => key),
    positions: numbers(({ isLogged }) => (isLogged ? ++position : 0)),
  }
}

/** Only these events; of the others nothing is known. */
function only({ events, keyOf }: Given, kept: readonly number[]): { events: EventColumns; keyOf: Int32Array } {
  const pick = (values: Float64Array) => Float64Array.from(kept, row => values[row]!)
  const columns = new Map([...events.columns].map(([name, column]) => [name, takeRows(column, kept)] as const))
  return {
    events: { rows: kept.length, timeUs: pick(events.timeUs), knownAtUs: pick(events.knownAtUs), tie: pick(events.tie!), columns },
    keyOf: Int32Array.from(kept, row => keyOf[row]!),
  }
}

function valueOf(column: Column, row: number): Plain {
  return 'codes' in column ? column.dictionary[column.codes[row]!] : column.values[row]
}

for (const clock of ['as-served', 'corrected'] as const) {
  test(`${clock}: a row that has read the log so far sees a log that ends there`, () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 25 }), fc.array(query, { minLength: 1, maxLength: 8 }), (rows, queries) => {
        const all = given(rows)
        const read = Float64Array.from(queries, ({ position }) => position)
        const asked = { keyOf: Int32Array.from(queries, ({ key }) => key), asOfUs: Float64Array.from(queries, ({ asOfUs }) => asOfUs) }
        const own = asRead({ events: all.events, keyOf: all.keyOf, keys: KEYS, queries: asked }, all.positions, read, clock)
        const found = compiled.compute(own.events, own.keyOf, own.keys, own.queries, clock)
        queries.forEach((each, row) => {
          const seen = [...all.positions.keys()].filter(i => all.positions[i]! <= each.position)
          const expected = alone(only(all, seen), each, clock)
          found.forEach((column, i) => assert.ok(Object.is(valueOf(column, row), expected[i]), compiled.names[i]))
        })
      }),
      { numRuns: RUNS },
    )
  })
}

test('what a view says to have entered is what counts', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 25 }), query, (rows, each) => {
      const all = given(rows)
      const view = new GroupView({ name: 'flights', definition: source.definition, folder: '' }, group, {
        ...all,
        queryKeys: Int32Array.of(each.key),
      })
      const seen = [...all.positions.keys()].filter(i => all.positions[i]! <= each.position)
      const served = alone(only(all, seen), each, 'as-served')
      const corrected = alone(all, each, 'corrected')
      compiled.names.forEach((feature, i) => {
        const { entered, filtered, missing, late, unread } = view.window(feature, each)
        assert.ok(Object.is(alone(only(all, entered), each, 'corrected')[i], served[i]), `${feature}, entered`)
        const counted = only(all, [...entered, ...late, ...unread])
        assert.ok(Object.is(alone(counted, each, 'corrected')[i], corrected[i]), `${feature}, with what came later`)
        const told = [...entered, ...filtered, ...missing, ...late, ...unread]
        assert.equal(new Set(told).size, told.length)
      })
    }),
    { numRuns: RUNS },
  )
})

function alone(
  { events, keyOf }: Pick<Given, 'events' | 'keyOf'>,
  { key, asOfUs }: { key: number; asOfUs: number },
  clock: ClockName,
): Plain[] {
  const queries = { keyOf: Int32Array.of(key), asOfUs: Float64Array.of(asOfUs) }
  return compiled.compute(events, keyOf, KEYS, queries, clock).map(column => valueOf(column, 0))
}

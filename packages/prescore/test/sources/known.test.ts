/** What SQL makes of the rows of a source is what comes of looking at each of them, and who would be refused is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PrescoreError } from '../../src/base/index.ts'
import { type BooleanExpression, days, expressionOf, hours, nodeOf, type TimestampExpression } from '../../src/expressions/index.ts'
import { events, filterScope } from '../../src/project/index.ts'
import { type KnownRequest, knownRows, pinSource, type SourceAt, type SourcePin } from '../../src/sources/index.ts'
import { judgedBySql } from '../../src/sources/judged.ts'
import { planScan } from '../../src/sources/plan.ts'
import { plainValues } from '../expressions/rows.ts'
import { Place, type Row } from '../parquet/place.ts'
import { sourceAt, us } from './scanned.ts'
import { csvText, type Times, writeParquetRows, writeText } from './written.ts'

const place = await Place.open()
const COLUMNS = { n: 'int64', s: 'string', id: 'int64', at: 'timestamp', got: 'timestamp', x: 'float64', f: 'boolean' } as const
/** In the night in which the clocks of New York go back. */
const MOMENT_US = us('2026-11-01T06:00:00Z')
const HOUR_US = 3_600_000_000

const nearUs = fc.oneof(
  fc.integer({ min: -6, max: 6 }).map(halves => MOMENT_US + halves * (HOUR_US / 2)),
  fc.constantFrom(-1, 0, 1).map(by => MOMENT_US + by),
  fc.integer({ min: -80, max: 3 }).map(by => MOMENT_US + by * HOUR_US),
)
/** Now and then so far away that rows are refused, or nearly. */
const anyUs = fc.oneof(
  { weight: 100, arbitrary: nearUs },
  { weight: 1, arbitrary: fc.constantFrom(us('1700-01-01T00:00:00Z'), us('2200-01-01T00:00:00Z'), us('2300-01-01T00:00:00Z')) },
)
const row: fc.Arbitrary<Row> = fc.record(
  {
    n: fc.constantFrom(1, 2, -(2 ** 40), 2n ** 53n, 2n ** 53n + 1n, undefined),
    s: fc.constantFrom('a', '', 'é', "o'", '🚀', undefined),
    id: fc.integer({ min: 1, max: 60 }),
    at: anyUs,
    got: fc.option(anyUs, { nil: undefined }),
    x: fc.constantFrom(0, -0, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, undefined),
    f: fc.constantFrom(true, false, undefined),
  },
  { noNullPrototype: true },
)

const r = {
  n: expressionOf<'int64'>({ ref: 'row.n' }),
  id: expressionOf<'int64'>({ ref: 'row.id' }),
  s: expressionOf<'string'>({ ref: 'row.s' }),
  at: expressionOf<'timestamp'>({ ref: 'row.at' }),
  got: expressionOf<'timestamp'>({ ref: 'row.got' }),
  x: expressionOf<'float64'>({ ref: 'row.x' }),
  f: expressionOf<'boolean'>({ ref: 'row.f' }),
  large: expressionOf<'boolean'>({ ref: 'row.large' }),
  asOf: expressionOf<'timestamp'>({ ref: 'asOf' }),
}
const plain: fc.Arbitrary<BooleanExpression> = fc.constantFrom<BooleanExpression>(
  r.x.gt(0),
  r.x.le(0.1),
  r.x.eq(0),
  r.x.ne(1.5),
  r.x.isIn([0, 1.5]),
  r.x.lt(r.id),
  r.x.isMissing(),
  r.id.ge(30),
  r.id.gt(29.5),
  r.n.gt(1),
  r.n.eq(1),
  r.n.isIn([1, 2]),
  r.n.isMissing(),
  r.s.eq("o'"),
  r.s.ne('é'),
  r.s.isIn(['', '🚀']),
  r.f,
  r.f.eq(false),
  r.large,
  r.got.isMissing(),
  r.at.after(r.asOf.minus(days(1))),
  r.asOf.after(r.got.plus(hours(1))),
  r.at.minus(r.asOf).lt(hours(-2)),
)
const condition = fc.letrec<{ condition: BooleanExpression }>(tie => ({
  condition: fc.oneof(
    { depthSize: 'small', maxDepth: 3 },
    plain,
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => a.and(b)),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => a.or(b)),
    tie('condition').map(a => a.not()),
  ),
})).condition

const arrivals = {
  none: undefined,
  got: r.got,
  orElse: r.got.orElse(r.at.plus(hours(1))),
  later: r.at.plus(hours(1)),
} satisfies Record<string, TimestampExpression | undefined>

interface Case {
  readonly rows: readonly Row[]
  readonly where: BooleanExpression | undefined
  readonly arrival: keyof typeof arrivals
  readonly by: readonly string[]
  readonly fromUs: number | undefined
  readonly until: boolean
  readonly times: Times
  readonly zone: string
  readonly isCsv: boolean
  readonly isUnique: boolean
}

const cases: fc.Arbitrary<Case> = fc.record({
  rows: fc.array(row, { minLength: 1, maxLength: 40 }),
  where: fc.option(condition, { nil: undefined }),
  arrival: fc.constantFrom('none', 'got', 'orElse', 'later'),
  by: fc.constantFrom(['n'], ['s'], ['n', 's']),
  fromUs: fc.option(
    fc.integer({ min: 1, max: 60 }).map(back => MOMENT_US - back * HOUR_US),
    { nil: undefined },
  ),
  until: fc.boolean(),
  times: fc.constantFrom('instants', 'local'),
  zone: fc.constantFrom('UTC', 'America/New_York'),
  isCsv: fc.boolean(),
  isUnique: fc.boolean(),
})

async function sourceOf({ rows, arrival, until, times, zone, isCsv, isUnique }: Case): Promise<SourceAt> {
  const file = isCsv ? 'rows.csv' : 'rows.parquet'
  if (isCsv) writeText(place, file, csvText(COLUMNS, rows, times))
  else await writeParquetRows(place, file, COLUMNS, rows, times)
  const by = arrivals[arrival]
  const source = events({
    files: file,
    columns: COLUMNS,
    time: 'at',
    zone,
    derive: row => ({ large: row.x.gt(1) }),
    ...(until ? { until: '2026-11-01T05:30:00Z' } : {}),
    ...(by === undefined ? {} : { arrival: () => by }),
    ...(isUnique ? { id: 'id' } : {}),
  })
  return sourceAt(place, source)
}

function requestOf(source: SourceAt, { where, by, fromUs }: Case, more: readonly string[]): Omit<KnownRequest, 'needed'> {
  const condition = where && { where: { condition: nodeOf(where), scope: filterScope(source.definition, 'UTC'), name: 'where' } }
  return { knownByUs: MOMENT_US, untilUs: MOMENT_US, ...(fromUs === undefined ? {} : { fromUs }), ...condition, by, more }
}

/** The rows as texts of their columns; an error as its code and words. */
async function found(source: SourceAt, pin: SourcePin, request: KnownRequest): Promise<readonly string[] | string> {
  const rows: string[] = []
  try {
    for await (const chunk of knownRows(place.database, source, pin, request)) {
      const columns = [...request.by, ...request.more].map(name => plainValues(chunk.columns.get(`row.${name}`)!, chunk.rows))
      for (let i = 0; i < chunk.rows; i++) rows.push(columns.map(values => textOf(values[i])).join('|'))
    }
    return rows
  } catch (error) {
    if (error instanceof PrescoreError) return `${error.code} ${JSON.stringify(error.details)}`
    throw error
  }
}

const textOf = (value: unknown) => `${typeof value} ${Object.is(value, -0) ? '0' : value}`

/** Of the rows that have a key, those with the latest event time of their key. The time is the last column. */
function latest(rows: readonly string[], columns: number): string[] {
  const parts = rows.map(text => text.split('|'))
  const keyOf = (part: readonly string[]) => part.slice(0, columns).join('|')
  const timeOf = (part: readonly string[]) => Number(part.at(-1)?.split(' ')[1])
  const newest = new Map<string, number>()
  for (const part of parts) newest.set(keyOf(part), Math.max(newest.get(keyOf(part)) ?? Number.NEGATIVE_INFINITY, timeOf(part)))
  return rows.filter((_, i) => timeOf(parts[i]!) === newest.get(keyOf(parts[i]!)) && !keyOf(parts[i]!).includes('undefined')).sort()
}

test('any rows and last rows are those that a look at each row finds', async () => {
  const judged = { any: 0, last: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(cases, async each => {
      const source = await sourceOf(each)
      const pin = await pinSource(place.database, source)
      const request = requestOf(source, each, ['x', 'at'])
      const all = await found(source, pin, { ...request, needed: 'each' })
      const last = await found(source, pin, { ...request, needed: 'last' })
      const keys = { ...request, more: [] }
      const some = await found(source, pin, { ...keys, needed: 'any' })
      if (typeof all === 'string') {
        judged.refused++
        assert.deepEqual([some, last], [all, all])
        return
      }
      assert.ok(typeof last !== 'string' && typeof some !== 'string', `${some} ${last}`)
      assert.deepEqual(latest(last, each.by.length), latest(all, each.by.length))
      const distinct = (rows: readonly string[]) =>
        [...new Set(rows.map(text => text.split('|').slice(0, each.by.length).join('|')))]
          .filter(text => !text.includes('undefined'))
          .sort()
      assert.deepEqual(distinct(some), distinct(all))
      for (const needed of ['any', 'last'] as const) {
        const asked = needed === 'any' ? keys : request
        const plan = planScan(source, pin, [...each.by, ...asked.more], asked)
        if (judgedBySql(source, pin, plan, { ...asked, needed }) !== undefined) judged[needed]++
      }
    }),
    { numRuns: 80 },
  )
  assert.ok(judged.any > 40 && judged.last > 20 && judged.refused > 0, JSON.stringify(judged))
})

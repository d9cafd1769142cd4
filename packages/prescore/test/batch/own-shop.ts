/** A table whose rows have their features themselves; beside each prediction of it the same by a join, which it must come to. */
import fc from 'fast-check'
import { literal } from '../../src/parquet/index.ts'

export const ENTITIES = ['number', 'text', 'pair'] as const
export type Entity = (typeof ENTITIES)[number]

/** Each prediction twice: of all rows, and of rows for which something holds that always does, so that they are joined by key. */
export const CONFIG = `import { defineProject, entity, onnx, prediction, table } from 'prescore'
const rows = table({
  files: 'rows.parquet',
  columns: { id: 'int64', name: 'string', part: 'int64', a: 'float64', b: 'float64', c: 'int64', flag: 'boolean', word: 'string' },
  derive: r => ({ twice: r.a.plus(r.a) }),
})
const number = entity({ id: 'int64' })
const text = entity({ name: 'string' })
const pair = entity({ word: 'string', id: 'int64' })
const features = f => ({
  a: f.last('a'),
  b: f.current('b', { default: 7 }),
  c: f.first('c', { where: r => r.flag }),
  twice: f.mode('twice'),
  word: f.last('word', { where: r => r.flag }),
})
const of = (key, own, all) => ({
  entity: key,
  join: s => ({ own: own.at(s.key) }),
  features: s => ({
    a: s.join.own.a,
    b: s.join.own.b.plus(s.join.own.twice),
    c: s.join.own.c,
    word: s.join.own.word.eq('b'),
  }),
  model: onnx('model.onnx', { output: 'values[0]' }),
  population: all ? rows.keys(key) : rows.where(r => r.id.isMissing().not()).keys(key),
  policy: { mode: 'batch' },
})
export default defineProject({
  sources: { rows },
  predictions: Object.fromEntries(
    Object.entries({ number, text, pair }).flatMap(([name, key]) => {
      const own = rows.by(key).features(features)
      return [[name, prediction(of(key, own, true))], [name + 'Joined', prediction(of(key, own, false))]]
    }),
  ),
})
`

export interface Row {
  readonly id: bigint
  readonly name: string
  readonly a: number | null
  readonly b: number | null
  readonly c: bigint | null
  readonly flag: boolean | null
  readonly word: string
}

export const id = fc.oneof(fc.bigInt(-40n, 40n), fc.bigInt(2n ** 53n - 4n, 2n ** 53n + 4n), fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n))
export const smallId = fc.oneof(fc.bigInt(0n, 30n), fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n))
const number = fc.oneof(fc.double(), fc.constantFrom(-0, 0, 1, Number.NaN, Number.POSITIVE_INFINITY, 1e300), fc.integer())
const row = (ids: fc.Arbitrary<bigint>): fc.Arbitrary<Row> =>
  fc.record({
    id: ids,
    name: fc.string({ unit: fc.constantFrom('a', 'b', 'ä', '\u{1f600}', '~', "'"), maxLength: 4 }),
    a: fc.option(number),
    b: fc.option(number),
    c: fc.option(fc.bigInt(-(2n ** 53n) + 1n, 2n ** 53n - 1n)),
    flag: fc.option(fc.boolean()),
    word: fc.constantFrom('a', 'b', ''),
  })
export const rowsOf = (ids: fc.Arbitrary<bigint>, least = 1) =>
  fc.uniqueArray(row(ids), { minLength: least, maxLength: 60, selector: ({ id: key }) => key })

export function sqlOf(rows: readonly Row[]): string {
  const double = (value: number | null) => (value === null ? 'NULL::DOUBLE' : `'${Object.is(value, -0) ? '-0' : value}'::DOUBLE`)
  const text = (value: string) => literal(value)
  const values = rows.map(
    ({ id: key, name, a, b, c, flag, word }, i) =>
      `('${key}'::BIGINT, ${text(`${name}${i}`)}, ${i % 3}::BIGINT, ${double(a)}, ${double(b)}, ${c === null ? 'NULL::BIGINT' : `'${c}'::BIGINT`}, ${flag}::BOOLEAN, ${text(word)})`,
  )
  return `SELECT * FROM (VALUES ${values.join(', ')}) AS v(id, name, part, a, b, c, flag, word)`
}

export const FEW: readonly Row[] = Array.from({ length: 50 }, (_, i) => ({
  ...{ id: BigInt((i * 37) % 101), name: 'n', a: i % 7 === 0 ? null : i, b: i % 5 === 0 ? null : i / 4, c: BigInt(i) },
  ...{ flag: i % 2 === 0, word: i % 3 === 0 ? 'b' : 'a' },
}))

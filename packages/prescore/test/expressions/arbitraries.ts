/** Random expressions over a fixed row, random rows, and the obvious way to evaluate one over the other. */
import fc from 'fast-check'
import type { ExpressionNode, Kind, ValueType } from '../../src/expressions/index.ts'
import type { FunctionNode } from '../../src/expressions/node.ts'
import { OPERATORS, type OperatorName } from '../../src/expressions/operators/index.ts'
import { zoneRules } from '../../src/expressions/zones.ts'
import type { Plain } from './rows.ts'

const ZONE = 'Europe/Paris'

export const TYPES: ReadonlyMap<string, ValueType> = new Map<string, ValueType>([
  ['row.id', { kind: 'int64' }],
  ['row.count', { kind: 'int64' }],
  ['row.amount', { kind: 'float64' }],
  ['row.late', { kind: 'boolean' }],
  ['row.city', { kind: 'string' }],
  ['row.name', { kind: 'string' }],
  ['row.at', { kind: 'timestamp', zone: ZONE }],
  ['row.took', { kind: 'duration' }],
])

const texts = fc.constantFrom('', 'a', 'A', ' a', 'Zürich', 'ZÜRICH', 'a\0b', '😀')
const doubles = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constantFrom(-0, 0.1, 1e300))
const optional = (values: fc.Arbitrary<Plain>) => fc.option(values, { nil: undefined, freq: 4 })

export type Row = Readonly<Record<string, Plain>>

/** @param ids of `row.id`; bigints are beyond what a double holds. */
export const rowsWith = (ids: fc.Arbitrary<Plain>): fc.Arbitrary<Row[]> =>
  fc.array(
    fc.record({
      'row.id': optional(ids),
      'row.count': optional(fc.integer({ min: -3, max: 3 })),
      'row.amount': optional(doubles),
      'row.late': optional(fc.boolean()),
      'row.city': optional(texts),
      'row.name': optional(texts),
      'row.at': optional(fc.integer({ min: -(2 ** 52), max: 2 ** 52 })),
      'row.took': optional(fc.integer({ min: -1e12, max: 1e12 })),
    }),
    { maxLength: 12 },
  )

const ref = (...names: readonly string[]): fc.Arbitrary<ExpressionNode> => fc.constantFrom(...names).map(name => ({ ref: `row.${name}` }))
const constant = (kind: Kind, values: fc.Arbitrary<string | number | boolean>): fc.Arbitrary<ExpressionNode> =>
  values.map(value => ({ constant: value, kind }))

const FUNCTIONS: readonly FunctionNode[] = [
  {
    fn: '({ a, b }) => a === undefined ? 7 : b ? a / 3 : undefined',
    args: { a: { ref: 'row.amount' }, b: { ref: 'row.late' } },
    returns: 'float64',
  },
  { fn: '({ city }) => city === "a" ? undefined : city + "!"', args: { city: { ref: 'row.city' } }, returns: 'string' },
  { fn: '({ x }) => x === undefined ? x : x > 0', args: { x: { ref: 'row.took' } }, returns: 'boolean' },
]
const declared = (kind: Kind) => fc.constantFrom(...FUNCTIONS.filter(({ returns }) => returns === kind))

type ByKind = {
  readonly number: ExpressionNode
  readonly boolean: ExpressionNode
  readonly string: ExpressionNode
  readonly timestamp: ExpressionNode
  readonly duration: ExpressionNode
}

/** Expressions by kind; every operator occurs. */
const expressions = fc.letrec<ByKind>(tie => {
  const call = (names: readonly OperatorName[], ...args: readonly fc.Arbitrary<ExpressionNode>[]): fc.Arbitrary<ExpressionNode> =>
    fc.tuple(fc.constantFrom(...names), fc.tuple(...args)).map(([name, nodes]) => ({ call: name, args: nodes }))
  const choices = (kind: keyof ByKind) =>
    [call(['orElse'], tie(kind), tie(kind)), call(['choose'], tie('boolean'), tie(kind), tie(kind))] as const
  const isIn = (value: fc.Arbitrary<ExpressionNode>, list: fc.Arbitrary<ExpressionNode>): fc.Arbitrary<ExpressionNode> =>
    fc.tuple(value, fc.array(list, { maxLength: 3 })).map(([node, items]) => ({ call: 'isIn', args: [node, ...items] }))
  const [number, boolean, string, timestamp, duration] = [
    tie('number'),
    tie('boolean'),
    tie('string'),
    tie('timestamp'),
    tie('duration'),
  ] as const
  const numbers = fc.oneof(constant('float64', doubles), constant('int64', fc.integer({ min: -3, max: 3 })))
  const shallow = { depthSize: 'small', withCrossShrink: true } as const
  return {
    number: fc.oneof(
      shallow,
      ref('count', 'amount', 'id'),
      numbers,
      declared('float64'),
      ...choices('number'),
      call(['plus', 'minus', 'times', 'div'], number, number),
      call(['negate', 'abs', 'floor', 'ceil', 'sqrt'], number),
      call(['hourOfDay', 'minuteOfHour', 'dayOfWeek', 'dayOfMonth', 'monthOfYear'], timestamp),
      call(['inSeconds', 'inMinutes', 'inHours', 'inDays'], duration),
    ),
    boolean: fc.oneof(
      shallow,
      ref('late'),
      constant('boolean', fc.boolean()),
      declared('boolean'),
      ...choices('boolean'),
      call(['gt', 'ge', 'lt', 'le', 'eq', 'ne'], number, number),
      call(['gt', 'ge', 'lt', 'le', 'eq', 'ne'], timestamp, timestamp),
      call(['gt', 'ge', 'lt', 'le', 'eq', 'ne'], duration, duration),
      call(['eq', 'ne', 'startsWith'], string, string),
      call(['and', 'or', 'eq', 'ne'], boolean, boolean),
      call(['not'], boolean),
      isIn(number, numbers),
      isIn(string, constant('string', texts)),
      ...[number, boolean, string, timestamp, duration].map(each => call(['isMissing'], each)),
    ),
    string: fc.oneof(
      shallow,
      ref('city', 'name'),
      constant('string', texts),
      declared('string'),
      ...choices('string'),
      call(['upper', 'lower', 'trim'], string),
    ),
    timestamp: fc.oneof(
      shallow,
      ref('at'),
      ...choices('timestamp'),
      call(['plus', 'minus'], timestamp, duration),
      call(['startOfDay'], timestamp),
    ),
    duration: fc.oneof(
      shallow,
      ref('took'),
      ...choices('duration'),
      call(['plus', 'minus'], duration, duration),
      call(['minus'], timestamp, timestamp),
      call(['seconds', 'minutes', 'hours', 'days'], number),
    ),
  }
})

export const anyExpression: fc.Arbitrary<ExpressionNode> = fc.oneof(
  ...(['number', 'boolean', 'string', 'timestamp', 'duration'] as const).map(kind => expressions[kind]),
)

/** Thrown by {@link naive} where an operator would get an int64 that no double holds. */
export class Lossy extends Error {}

/** The value of an expression in one row, straight from the tree: NaN and undefined are missing. */
export function naive(node: ExpressionNode, row: Row): unknown {
  if ('ref' in node) return row[node.ref] ?? (TYPES.get(node.ref)?.kind === 'string' ? undefined : Number.NaN)
  if ('constant' in node) return node.constant
  if ('fn' in node) return naiveFunction(node, row)
  const values = node.args.map(arg => naive(arg, row)).map(value => (typeof value === 'boolean' ? Number(value) : value))
  const { evaluate, exact, list, local } = OPERATORS[node.call] as (typeof OPERATORS)['eq'] & { list?: true; local?: true }
  if (exact !== true && values.some(value => typeof value === 'bigint')) throw new Lossy()
  if (local === true) values[0] = zoneRules(ZONE)?.toLocalUs(values[0] as number)
  const given = list === true ? [values[0], new Set(values.slice(1).filter(value => !Number.isNaN(value)))] : values
  const value = (evaluate as (...values: unknown[]) => unknown)(...given)
  return node.call === 'startOfDay' ? zoneRules(ZONE)?.toUtcUs(value as number) : value
}

function naiveFunction({ fn, args }: FunctionNode, row: Row): unknown {
  const run = new Function(`return ${fn}`)() as (given: Row) => unknown
  // NaN is missing, as what is not there.
  const given = (arg: ExpressionNode) => {
    const value = row[(arg as { ref: string }).ref]
    return Number.isNaN(value) ? undefined : value
  }
  return run(Object.fromEntries(Object.entries(args).map(([name, arg]) => [name, given(arg)])))
}

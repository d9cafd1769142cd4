/**
 * What users write: `r.delay.gt(15)`, `s.asOf.minus(s.join.profile.createdAt).inDays()`.
 * Each call makes a new frozen value that holds an {@link ExpressionNode}; nothing is computed here.
 * The interfaces give each kind its own methods, so that the editor completes what fits and refuses the rest.
 */
import { checkSettings, PrescoreError, type Settings } from '../base/index.ts'
import type { ExpressionNode } from './node.ts'
import type { OperatorName } from './operators/index.ts'
import type { Kind } from './value-type.ts'

declare const kindOf: unique symbol

interface Common<K extends Kind> {
  readonly [kindOf]: K
  /** True where the value is missing (NULL or NaN); never missing itself. */
  isMissing(): BooleanExpression
}

type NumberKind = 'int64' | 'float64'
type NumberValue = NumberExpression<NumberKind> | number
type IntegerValue = NumberExpression<NumberKind> | number | bigint
type BooleanValue = BooleanExpression | boolean
type StringValue = StringExpression | string

/** Arithmetic is in doubles: the result of `plus`, `minus`, `times`, `div` is a float64 whatever went in. */
export interface NumberExpression<K extends NumberKind = 'float64'> extends Common<K> {
  plus(other: NumberValue): NumberExpression
  minus(other: NumberValue): NumberExpression
  times(other: NumberValue): NumberExpression
  div(other: NumberValue): NumberExpression
  negate(): NumberExpression
  abs(): NumberExpression
  floor(): NumberExpression
  ceil(): NumberExpression
  sqrt(): NumberExpression
  gt(other: NumberValue): BooleanExpression
  ge(other: NumberValue): BooleanExpression
  lt(other: NumberValue): BooleanExpression
  le(other: NumberValue): BooleanExpression
  eq(other: IntegerValue): BooleanExpression
  ne(other: IntegerValue): BooleanExpression
  isIn(values: readonly (number | bigint)[]): BooleanExpression
  orElse(other: NumberValue): NumberExpression
}

export interface BooleanExpression extends Common<'boolean'> {
  and(other: BooleanValue): BooleanExpression
  or(other: BooleanValue): BooleanExpression
  not(): BooleanExpression
  eq(other: BooleanValue): BooleanExpression
  ne(other: BooleanValue): BooleanExpression
  orElse(other: BooleanValue): BooleanExpression
  /** `then` where true, `otherwise` where false, missing where missing. */
  choose(then: NumberValue, otherwise: NumberValue): NumberExpression
  choose(then: StringValue, otherwise: StringValue): StringExpression
  choose(then: BooleanValue, otherwise: BooleanValue): BooleanExpression
  choose(then: TimestampExpression, otherwise: TimestampExpression): TimestampExpression
  choose(then: DurationExpression, otherwise: DurationExpression): DurationExpression
}

export interface StringExpression extends Common<'string'> {
  eq(other: StringValue): BooleanExpression
  ne(other: StringValue): BooleanExpression
  isIn(values: readonly string[]): BooleanExpression
  orElse(other: StringValue): StringExpression
  startsWith(prefix: StringValue): BooleanExpression
  /** ASCII letters only. */
  upper(): StringExpression
  /** ASCII letters only. */
  lower(): StringExpression
  /** ASCII white space only. */
  trim(): StringExpression
}

export interface TimestampExpression extends Common<'timestamp'> {
  plus(duration: DurationExpression): TimestampExpression
  minus(duration: DurationExpression): TimestampExpression
  minus(earlier: TimestampExpression): DurationExpression
  before(other: TimestampExpression): BooleanExpression
  after(other: TimestampExpression): BooleanExpression
  eq(other: TimestampExpression): BooleanExpression
  orElse(other: TimestampExpression): TimestampExpression
  /** 0 to 23, in the zone of the timestamp. */
  hourOfDay(): NumberExpression<'int64'>
  /** 0 to 59. */
  minuteOfHour(): NumberExpression<'int64'>
  /** 1 for Monday to 7 for Sunday (ISO 8601). */
  dayOfWeek(): NumberExpression<'int64'>
  /** 1 to 31. */
  dayOfMonth(): NumberExpression<'int64'>
  /** 1 to 12. */
  monthOfYear(): NumberExpression<'int64'>
  /** The midnight before, in the zone of the timestamp; where the clocks skip midnight, the first moment of the day. */
  startOfDay(): TimestampExpression
}

export interface DurationExpression extends Common<'duration'> {
  plus(other: DurationExpression): DurationExpression
  minus(other: DurationExpression): DurationExpression
  gt(other: DurationExpression): BooleanExpression
  ge(other: DurationExpression): BooleanExpression
  lt(other: DurationExpression): BooleanExpression
  le(other: DurationExpression): BooleanExpression
  orElse(other: DurationExpression): DurationExpression
  inSeconds(): NumberExpression
  inMinutes(): NumberExpression
  inHours(): NumberExpression
  inDays(): NumberExpression
}

/** The expression type of a kind. */
export type ExpressionOf<K extends Kind> = K extends NumberKind
  ? NumberExpression<K>
  : K extends 'boolean'
    ? BooleanExpression
    : K extends 'string'
      ? StringExpression
      : K extends 'timestamp'
        ? TimestampExpression
        : DurationExpression

export type AnyExpression = Common<Kind>
export type KindOf<E> = E extends { readonly [kindOf]: infer K extends Kind } ? K : never

/** A record of expressions, one for each declared name. */
export type RowOf<Kinds extends Readonly<Record<string, Kind>>> = { readonly [Name in keyof Kinds]: ExpressionOf<Kinds[Name]> }

/** The one class behind all the interfaces: it records which operator was called on what. */
class Expression {
  readonly node: ExpressionNode

  constructor(node: ExpressionNode) {
    this.node = Object.freeze(node)
    Object.freeze(this)
  }

  /** Without this, `row.delay > 15` would silently be false for every row. */
  [Symbol.toPrimitive](): never {
    throw new PrescoreError('wrong_type', { found: 'an expression beside an operator of the language', expected: 'a method of the expression, such as .plus(…) or .gt(…)' })
  }

  private call(name: OperatorName, ...args: readonly unknown[]): Expression {
    return new Expression({ call: name, args: [this.node, ...args.map(nodeOf)] })
  }

  plus(other: unknown) { return this.call('plus', other) }
  minus(other: unknown) { return this.call('minus', other) }
  times(other: unknown) { return this.call('times', other) }
  div(other: unknown) { return this.call('div', other) }
  negate() { return this.call('negate') }
  abs() { return this.call('abs') }
  floor() { return this.call('floor') }
  ceil() { return this.call('ceil') }
  sqrt() { return this.call('sqrt') }
  gt(other: unknown) { return this.call('gt', other) }
  ge(other: unknown) { return this.call('ge', other) }
  lt(other: unknown) { return this.call('lt', other) }
  le(other: unknown) { return this.call('le', other) }
  before(other: unknown) { return this.call('lt', other) }
  after(other: unknown) { return this.call('gt', other) }
  eq(other: unknown) { return this.call('eq', other) }
  ne(other: unknown) { return this.call('ne', other) }
  isIn(values: readonly unknown[]) { return this.call('isIn', ...values) }
  isMissing() { return this.call('isMissing') }
  orElse(other: unknown) { return this.call('orElse', other) }
  and(other: unknown) { return this.call('and', other) }
  or(other: unknown) { return this.call('or', other) }
  not() { return this.call('not') }
  choose(then: unknown, otherwise: unknown) { return this.call('choose', then, otherwise) }
  upper() { return this.call('upper') }
  lower() { return this.call('lower') }
  trim() { return this.call('trim') }
  startsWith(prefix: unknown) { return this.call('startsWith', prefix) }
  hourOfDay() { return this.call('hourOfDay') }
  minuteOfHour() { return this.call('minuteOfHour') }
  dayOfWeek() { return this.call('dayOfWeek') }
  dayOfMonth() { return this.call('dayOfMonth') }
  monthOfYear() { return this.call('monthOfYear') }
  startOfDay() { return this.call('startOfDay') }
  inSeconds() { return this.call('inSeconds') }
  inMinutes() { return this.call('inMinutes') }
  inHours() { return this.call('inHours') }
  inDays() { return this.call('inDays') }
}

/** The plain data of an expression or of a finite constant. @throws PrescoreError `wrong_type` for anything else. */
export function nodeOf(value: unknown): ExpressionNode {
  if (value instanceof Expression) return value.node
  switch (typeof value) {
    case 'number': return numberNode(value)
    case 'bigint': return { constant: Number.isSafeInteger(Number(value)) ? Number(value) : String(value), kind: 'int64' }
    case 'boolean': return { constant: value, kind: 'boolean' }
    case 'string': return { constant: value, kind: 'string' }
    default: throw new PrescoreError('wrong_type', { found: value === null ? 'null' : typeof value, expected: 'an expression, a number, a boolean or a string' })
  }
}

/** NaN and infinities have no place in plain data: missing has an operator of its own. */
function numberNode(value: number): ExpressionNode {
  if (!Number.isFinite(value)) throw new PrescoreError('wrong_type', { found: String(value), expected: 'a finite number' })
  return { constant: Object.is(value, -0) ? 0 : value, kind: Number.isSafeInteger(value) ? 'int64' : 'float64' }
}

export function isExpression(value: unknown): value is AnyExpression {
  return value instanceof Expression
}

/** The expression of a node. */
export function expressionOf<K extends Kind>(node: ExpressionNode): ExpressionOf<K> {
  return new Expression(node) as unknown as ExpressionOf<K>
}

/**
 * A record of references `<path>.<name>`. A name that is not declared gives a reference too, so that `check`
 * can list every wrong name at once instead of stopping at the first.
 */
export function rowOf(path: string, names: Iterable<string>): Readonly<Record<string, AnyExpression>> {
  const row = Object.fromEntries([...names].map(name => [name, expressionOf({ ref: `${path}.${name}` })]))
  return new Proxy(Object.freeze(row), {
    get: (target, name) => (typeof name === 'symbol' || Object.hasOwn(target, name) ? Reflect.get(target, name) : expressionOf({ ref: `${path}.${name}` })),
  })
}

const duration = (name: 'seconds' | 'minutes' | 'hours' | 'days') => (amount: NumberExpression<NumberKind> | number): DurationExpression =>
  expressionOf<'duration'>({ call: name, args: [nodeOf(amount)] })

/** A duration of seconds, rounded to the nearest microsecond. */
export const seconds = duration('seconds')
/** A duration of minutes, rounded to the nearest microsecond. */
export const minutes = duration('minutes')
/** A duration of hours, rounded to the nearest microsecond. */
export const hours = duration('hours')
/** Days of 24 hours. */
export const days = duration('days')

type Argument<K extends Kind> = K extends 'boolean' ? boolean | undefined : K extends 'string' ? string | undefined : number | undefined

interface FnOptions<Args extends Readonly<Record<string, AnyExpression>>, K extends Kind> {
  readonly args: Args
  readonly returns: K
  readonly run: (args: { readonly [Name in keyof Args]: Argument<KindOf<Args[Name]>> }) => NoInfer<Argument<K>>
}

const FN: Settings<FnOptions<Readonly<Record<string, AnyExpression>>, Kind>> = { args: 'required', returns: 'required', run: 'required' }

/**
 * The escape from the closed list: a pure function of its arguments, given as source text to hashes and workers:
 * `fn({ args: { x: r.amount }, returns: 'float64', run: ({ x = 0 }) => Math.min(x, 100) })`.
 * Missing arguments arrive as `undefined`; times and durations as integer microseconds; undefined and NaN mean missing.
 * It may use nothing from outside itself but `Number`, `String`, `Boolean`, `Array`, `BigInt` and the exact parts of `Math` (`abs`, `ceil`,
 * `floor`, `round`, `trunc`, `fround`, `sign`, `sqrt`, `min`, `max`, `imul`, `clz32`, `PI`, `E`); no `for … in`, `this` or class. `check` refuses the rest.
 * @error impure_function, function_failed, wrong_type
 */
export function fn<Args extends Readonly<Record<string, AnyExpression>>, K extends Kind>(definition: FnOptions<Args, K>): ExpressionOf<K> {
  checkSettings(definition, FN, 'fn')
  if (Array.isArray(definition.args))
    throw new PrescoreError('invalid_value', { where: 'fn, args', found: 'a list', expected: 'arguments by name, such as { x: r.amount }' })
  const args = Object.fromEntries(Object.entries(definition.args).map(([name, arg]) => [name, nodeOf(arg)]))
  return expressionOf<K>({ fn: Function.prototype.toString.call(definition.run), args, returns: definition.returns })
}

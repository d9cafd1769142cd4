export { canonicalExpression } from './canonical.ts'
export {
  type Chunk,
  type Column,
  Dictionary,
  integerOf,
  isStringColumn,
  type NumberColumn,
  numberValues,
  type StringColumn,
  sliceRows,
  stringColumn,
  takeRows,
} from './column.ts'
export { type CompiledExpression, compile } from './evaluate.ts'
export {
  type AnyExpression,
  type BooleanExpression,
  days,
  type ExpressionOf,
  expressionOf,
  fn,
  hours,
  isExpression,
  type KindOf,
  minutes,
  type NumberExpression,
  nodeOf,
  type RowOf,
  rowOf,
  seconds,
  type TimestampExpression,
} from './expression.ts'
export { impurities, makeFunction } from './function.ts'
export { type Inference, inferType } from './infer.ts'
export { type ExpressionNode, references, type Scope, substitute } from './node.ts'
export type { Kind, ValueType } from './value-type.ts'
export { unknownZone, type ZoneRules, zoneRules } from './zones.ts'

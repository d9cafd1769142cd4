/**
 * Evaluates an expression over a chunk of rows. A live request is a chunk of one row, so batch and live run
 * this same code and give the same bits.
 */
import { PrescoreError } from '../base/index.ts'
import { type Chunk, type Column, columnOf, Dictionary } from './column.ts'
import { inferType } from './infer.ts'
import type { ExpressionNode, Scope } from './node.ts'
import { Program } from './program.ts'
import type { ValueType } from './value-type.ts'

/**
 * Made once, at start-up; gives a column for every chunk whose columns bear the scope's names. A mere reference gives the
 * chunk's own column, int64 beyond ±2^53 included; everything else gives a new column of `rows` values,
 * in which every NaN has the same bits.
 * @throws PrescoreError `lossy_cast` where an operator or function would get a rounded int64, `function_failed`.
 */
export type CompiledExpression = ((chunk: Chunk) => Column) & { readonly type: ValueType }

/**
 * @param where names the expression in error messages.
 * @throws PrescoreError `project_invalid` when the expression does not fit the scope.
 */
export function compile(node: ExpressionNode, scope: Scope, where: string): CompiledExpression {
  const { type, problems } = inferType(node, scope, where)
  if (type === undefined) throw new PrescoreError('project_invalid', { where, problems })
  const evaluate = 'ref' in node ? (chunk: Chunk) => columnOf(chunk, node.ref, where) : computed(node, scope, where)
  return Object.assign(evaluate, { type })
}

function computed(node: ExpressionNode, scope: Scope, where: string): (chunk: Chunk) => Column {
  const { type, loop } = new Program(scope, where).loop(node)
  if (type.kind !== 'string') {
    return chunk => {
      const values = new Float64Array(chunk.rows)
      loop(chunk, values, Number)
      return { type, values }
    }
  }
  return chunk => {
    const dictionary = new Dictionary()
    const codes = new Int32Array(chunk.rows)
    loop(chunk, codes, text => (typeof text === 'string' ? dictionary.code(text) : -1))
    return { type, codes, dictionary: dictionary.texts }
  }
}

/** What an expression means, as plain data to be hashed: functions by their syntax tree, constants by value. */
import { functionIdentity } from './function.ts'
import type { ExpressionNode } from './node.ts'

export function canonicalExpression(node: ExpressionNode): unknown {
  if ('call' in node) return { call: node.call, args: node.args.map(canonicalExpression) }
  if ('fn' in node) {
    const args = Object.fromEntries(Object.entries(node.args).map(([name, arg]) => [name, canonicalExpression(arg)]))
    return { fn: functionIdentity(node.fn), args, returns: node.returns }
  }
  return node
}

/**
 * Expressions are plain data: a tree of references, constants and calls of operators from a closed list.
 * So they can be hashed, shipped to workers, and evaluated to the same bits everywhere.
 */
import type { OperatorName } from './operators/index.ts'
import type { Kind, ValueType } from './value-type.ts'

/** An int64 beyond ±2^53 stands as its decimal digits, so that definitions stay plain JSON. */
export type ConstantValue = number | boolean | string

export type ExpressionNode = ReferenceNode | ConstantNode | CallNode | FunctionNode

/**
 * A value of the row at hand, by path: `row.<column>`, `key.<column>`, `input.<name>`, `asOf`,
 * `join.<join>.<feature>`, `next.<label aggregate>`.
 */
export interface ReferenceNode {
  readonly ref: string
}

export interface ConstantNode {
  readonly constant: ConstantValue
  readonly kind: Kind
}

export interface CallNode {
  readonly call: OperatorName
  readonly args: readonly ExpressionNode[]
}

/** The escape: a pure function given as source text, called with one object of its named arguments. */
export interface FunctionNode {
  readonly fn: string
  readonly args: Readonly<Record<string, ExpressionNode>>
  readonly returns: Kind
}

/** The names that an expression may refer to, with their types. */
export type Scope = ReadonlyMap<string, ValueType>

/** Every reference in the tree, each once, in the order of first use. */
export function references(node: ExpressionNode): Set<string> {
  const found = new Set<string>()
  visit(node, each => {
    if ('ref' in each) found.add(each.ref)
  })
  return found
}

/** Calls `see` for the node and all below it, parents first. */
function visit(node: ExpressionNode, see: (node: ExpressionNode) => void): void {
  see(node)
  if ('call' in node) for (const arg of node.args) visit(arg, see)
  else if ('fn' in node) for (const arg of Object.values(node.args)) visit(arg, see)
}

/** The tree with every reference replaced by what `replace` gives for it (undefined: left as it is). */
export function substitute(node: ExpressionNode, replace: (ref: string) => ExpressionNode | undefined): ExpressionNode {
  if ('ref' in node) return replace(node.ref) ?? node
  if ('call' in node) return { ...node, args: node.args.map(arg => substitute(arg, replace)) }
  if ('fn' in node) {
    const args = Object.entries(node.args).map(([name, arg]) => [name, substitute(arg, replace)] as const)
    return { ...node, args: Object.fromEntries(args) }
  }
  return node
}

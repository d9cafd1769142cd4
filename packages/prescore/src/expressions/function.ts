/**
 * Declared functions: read from their source text, checked for purity, hashed by their syntax tree
 * (so that white space, comments and erased types do not count), and made again from the text in any worker.
 * The check finds what makes a result depend on anything but the arguments by oversight; it is no sandbox.
 */
import { PrescoreError } from '../base/index.ts'
import { type Place, parseFunction, type Tree, visitPlaces } from './syntax.ts'

/** The parts of Math that IEEE 754 or ECMAScript define to the last bit. */
const EXACT_MATH = new Set(['abs', 'ceil', 'floor', 'fround', 'max', 'min', 'round', 'sign', 'sqrt', 'trunc', 'imul', 'clz32', 'PI', 'E'])
const ALLOWED_GLOBALS = new Set(['undefined', 'NaN', 'Infinity', 'Number', 'String', 'Boolean', 'Array', 'BigInt'])
const FORBIDDEN_NODES: Readonly<Record<string, string>> = {
  AwaitExpression: 'await',
  YieldExpression: 'yield',
  ImportExpression: 'import()',
  ThisExpression: '`this`',
  MetaProperty: 'import.meta or new.target',
  ForInStatement: 'for … in',
  Super: 'super',
  ClassBody: 'a class',
}
/** Members that lead to the world outside, or whose results depend on the machine's language. */
const FORBIDDEN_MEMBERS = /^(constructor|__proto__|prototype|localeCompare|toLocale\w+)$/

/** The syntax tree as plain data without positions: what the function is, whatever it looks like. */
export function functionIdentity(source: string): unknown {
  return strip({ ...parseFunction(source).tree, id: null })
}

/** What makes the function impure, in words; empty when it is pure. */
export function impurities(source: string): string[] {
  let tree: Tree
  try {
    tree = parseFunction(source).tree
  } catch (error) {
    return [`it cannot be parsed: ${(error as Error).message}`]
  }
  if (tree.type !== 'ArrowFunctionExpression' && tree.type !== 'FunctionExpression') return ['it is not a function expression']
  if (tree.async === true || tree.generator === true) return ['it is async or a generator']
  const found = new Set<string>()
  visitPlaces({ ...tree, id: null }, place => {
    for (const impurity of [ofNode(place), ofMember(place), ofChange(place), ofName(place)]) if (impurity !== undefined) found.add(impurity)
  })
  return [...found]
}

/** The function itself. @throws PrescoreError `impure_function` */
export function makeFunction(source: string): (args: Record<string, unknown>) => unknown {
  const found = impurities(source)
  if (found.length > 0) throw new PrescoreError('impure_function', { found: found.join(', ') })
  return new Function(`'use strict'; return (${parseFunction(source).text}\n)`)()
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip)
  if (typeof value === 'bigint') return { bigint: String(value) }
  if (value instanceof RegExp) return { regex: String(value) }
  if (value === null || typeof value !== 'object') return value
  const isLiteral = 'type' in value && value.type === 'Literal'
  const members = Object.entries(value).filter(([name]) => name !== 'start' && name !== 'end' && !(name === 'raw' && isLiteral))
  return Object.fromEntries(members.map(([name, member]) => [name, strip(member)]))
}

function ofNode({ node }: Place): string | undefined {
  const isPower =
    (node.type === 'BinaryExpression' && node.operator === '**') || (node.type === 'AssignmentExpression' && node.operator === '**=')
  return isPower ? '** (its last bit differs between engines)' : FORBIDDEN_NODES[node.type]
}

/** Of `a.name`, `a['name']` and the key of `{ name: … }`. */
function ofMember({ node }: Place): string | undefined {
  if (node.type !== 'MemberExpression' && node.type !== 'Property') return undefined
  const key = (node.type === 'Property' ? node.key : node.property) as Tree
  const name = key.type === 'Literal' ? key.value : node.computed === true ? undefined : key.name
  return typeof name === 'string' && FORBIDDEN_MEMBERS.test(name) ? `.${name}` : undefined
}

/** Of `Number.x = …`, `Number.x++`: what one call leaves there another would find. */
function ofChange({ node, bound }: Place): string | undefined {
  if (node.type !== 'AssignmentExpression' && node.type !== 'UpdateExpression') return undefined
  let target = (node.type === 'AssignmentExpression' ? node.left : node.argument) as Tree
  if (target.type !== 'MemberExpression') return undefined
  while (target.type === 'MemberExpression') target = target.object as Tree
  return target.type === 'Identifier' && !bound.has(target.name as string) ? `a change of \`${target.name}\`` : undefined
}

function ofName({ node, parent, field, bound }: Place): string | undefined {
  if (node.type !== 'Identifier' || !isVariable(parent, field)) return undefined
  const name = node.name as string
  if (bound.has(name) || ALLOWED_GLOBALS.has(name)) return undefined
  if (name !== 'Math') return `\`${name}\` from outside`
  if (parent?.type !== 'MemberExpression' || field !== 'object' || parent.computed === true) return 'Math as a value'
  const part = (parent.property as Tree).name as string
  return EXACT_MATH.has(part) ? undefined : `Math.${part} (random, or its last bit differs between engines)`
}

/** Not the name of a member or of a label, nor a word of `new.target`. */
function isVariable(parent: Tree | undefined, field: string): boolean {
  if (field === 'label' || parent?.type === 'MetaProperty') return false
  const isKey = field === 'key' || (field === 'property' && parent?.type === 'MemberExpression')
  return !isKey || parent?.computed === true
}

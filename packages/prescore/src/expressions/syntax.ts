/** The syntax tree of a function, and which names are bound where in it. */
import type { Node } from 'acorn'
import { lazily } from '../base/index.ts'

/** Most programs read no function. */
const acorn = lazily<typeof import('acorn')>('acorn')

export type Tree = Node & Readonly<Record<string, unknown>>

/** A node, with where it stands. */
export interface Place {
  readonly node: Tree
  readonly parent: Tree | undefined
  /** The parent's member that it is. */
  readonly field: string
  /** The names that the function binds where the node stands. */
  readonly bound: ReadonlySet<string>
}

/**
 * The tree of a function's source text, and the text as an expression: that of a method, `run(args) { … }`, lacks a word.
 * @throws SyntaxError unless it is one whole expression.
 */
export function parseFunction(source: string): { readonly tree: Tree; readonly text: string } {
  try {
    return { tree: parse(source), text: source }
  } catch (error) {
    const text = `function ${source}`
    try {
      return { tree: parse(text), text }
    } catch {
      throw error
    }
  }
}

function parse(source: string): Tree {
  const { body } = acorn().parse(`(${source}\n)`, { ecmaVersion: 2024, sourceType: 'module' })
  const [only] = body
  if (body.length !== 1 || only?.type !== 'ExpressionStatement') throw new SyntaxError('more than one expression')
  return only.expression as unknown as Tree
}

/** Calls `see` for the function's node and all below it, parents first. Its own name, if it has one, is not bound. */
export function visitPlaces(tree: Tree, see: (place: Place) => void): void {
  const visit = (place: Place): void => {
    see(place)
    for (const [field, child] of children(place.node)) {
      const names = namesBoundBy(child)
      const bound = names.length === 0 ? place.bound : new Set([...place.bound, ...names])
      visit({ node: child, parent: place.node, field, bound })
    }
  }
  visit({ node: tree, parent: undefined, field: '', bound: new Set(namesBoundBy({ ...tree, id: null })) })
}

function children(node: Tree): [field: string, child: Tree][] {
  return Object.entries(node).flatMap(([field, member]) =>
    [member].flat().flatMap(child => (isTree(child) ? [[field, child] as [string, Tree]] : [])),
  )
}

function isTree(value: unknown): value is Tree {
  return value !== null && typeof value === 'object' && 'type' in value && typeof value.type === 'string'
}

const isFunction = ({ type }: Tree) => type === 'ArrowFunctionExpression' || type === 'FunctionExpression' || type === 'FunctionDeclaration'

/** The names that are bound in all of a node, but not outside it. */
function namesBoundBy(node: Tree): string[] {
  if (isFunction(node)) {
    const own = node.type === 'FunctionExpression' ? patternNames(node.id) : []
    return [...own, ...treesOf(node.params).flatMap(patternNames), ...hoistedNames(node.body as Tree)]
  }
  switch (node.type) {
    case 'BlockStatement':
      return treesOf(node.body).flatMap(declaredNames)
    case 'SwitchStatement':
      return treesOf(node.cases)
        .flatMap(each => treesOf(each.consequent))
        .flatMap(declaredNames)
    case 'ForStatement':
      return declaredNames(node.init)
    case 'ForInStatement':
    case 'ForOfStatement':
      return declaredNames(node.left)
    case 'CatchClause':
      return patternNames(node.param)
    default:
      return []
  }
}

const treesOf = (members: unknown) => (members as readonly unknown[]).filter(isTree)

function declaredNames(statement: unknown): string[] {
  if (!isTree(statement)) return []
  if (statement.type === 'FunctionDeclaration') return patternNames(statement.id)
  return statement.type === 'VariableDeclaration' ? treesOf(statement.declarations).flatMap(({ id }) => patternNames(id)) : []
}

/** The names of `var`, which a function binds from wherever in it they stand. */
function hoistedNames(node: Tree): string[] {
  if (isFunction(node)) return []
  const own = node.type === 'VariableDeclaration' && node.kind === 'var' ? declaredNames(node) : []
  return [...own, ...children(node).flatMap(([, child]) => hoistedNames(child))]
}

function patternNames(pattern: unknown): string[] {
  if (!isTree(pattern)) return []
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name as string]
    case 'ObjectPattern':
      return treesOf(pattern.properties).flatMap(each => patternNames(each.value ?? each.argument))
    case 'ArrayPattern':
      return treesOf(pattern.elements).flatMap(patternNames)
    case 'AssignmentPattern':
      return patternNames(pattern.left)
    case 'RestElement':
      return patternNames(pattern.argument)
    default:
      return []
  }
}

/** What the compiler knows of the definitions: members and methods with their types and doc comments, as plain data. */
import { join, resolve } from 'node:path'
import {
  isArrayBindingPattern,
  isClassDeclaration,
  isFunctionDeclaration,
  isInterfaceDeclaration,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isPropertySignatureDeclaration,
  isVariableDeclaration,
  isVariableStatement,
  type Node,
  type ParameterDeclaration,
  type Statement,
} from 'typescript/unstable/ast'
import { API, type Symbol as Declared, type Project } from 'typescript/unstable/sync'
import { ERRORS } from '../../packages/prescore/src/base/index.ts'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Documented {
  readonly name: string
  readonly meaning: string
  /** Where nothing is given. */
  readonly fallback: string
  /** Codes of errors about it. */
  readonly errors: readonly string[]
}

export interface Member extends Documented {
  readonly optional: boolean
  readonly type: string
}

export interface Overload {
  readonly parameters: readonly string[]
  readonly returns: string
}

/** Its parameters and result are those of the first overload. */
export interface Method extends Documented, Overload {
  /** The source of the declaration. */
  readonly text: string
  readonly overloads: readonly Overload[]
}

/** Reads declarations of the package's sources, by file (below `src/project` and the like) and name. */
export class Declarations {
  readonly #api = new API({ cwd: ROOT })
  readonly #project: Project

  constructor() {
    const project = this.#api.updateSnapshot({ openProjects: ['tsconfig.json'] }).getProject(join(ROOT, 'tsconfig.json'))
    if (project === undefined) throw new Error('tsconfig.json cannot be read')
    this.#project = project
  }

  close(): void {
    this.#api.close()
  }

  documented(file: string, name: string): Documented {
    const symbol = this.#symbol(file, name)
    return this.#documented(symbol)
  }

  /** The members of an interface, or of the object that is the only argument of a function. Inherited ones are among them. */
  members(file: string, name: string): readonly Member[] {
    const { checker } = this.#project
    const symbol = this.#symbol(file, name)
    const node = this.#declaration(symbol)
    const options = isFunctionDeclaration(node) ? node.parameters[0]?.type : undefined
    const type = options === undefined ? checker.getDeclaredTypeOfSymbol(symbol) : checker.getTypeFromTypeNode(options)
    if (type === undefined) throw new Error(`${file}: ${name} has no members`)
    const found = checker.getPropertiesOfType(type).map(property => ({ property, declared: this.#declaration(property) }))
    // What is inherited within a file is declared further up, and is told first.
    const together = new Set(found.map(({ declared }) => declared.getSourceFile().fileName)).size === 1
    if (together) found.sort((a, b) => a.declared.pos - b.declared.pos)
    return found.map(({ property, declared }) => {
      if (!isPropertySignatureDeclaration(declared)) throw new Error(`${file}: ${name}.${property.name} is no member`)
      const documented = this.#documented(property)
      const optional = /^(readonly )?\w+\?/.test(textOf(declared))
      return { ...documented, optional, type: textOf(declared.type) }
    })
  }

  /** The public methods of a class or an interface. */
  methods(file: string, name: string): readonly Method[] {
    const node = this.#declaration(this.#symbol(file, name))
    if (!isClassDeclaration(node) && !isInterfaceDeclaration(node)) throw new Error(`${file}: ${name} has no methods`)
    const found = new Map<string, Method>()
    for (const member of node.members) {
      if (!isMethodDeclaration(member) && !isMethodSignatureDeclaration(member)) continue
      const symbol = this.#project.checker.getSymbolAtLocation(member.name)
      if (symbol === undefined || symbol.name.startsWith('#') || symbol.name.includes('@')) continue
      const method = this.#method(symbol, member, member.parameters, textOf(member.type))
      const before = found.get(symbol.name)
      found.set(symbol.name, before === undefined ? method : { ...before, overloads: [...before.overloads, ...method.overloads] })
    }
    return [...found.values()]
  }

  /** A function of a file, as a method of nothing. */
  function(file: string, name: string): Method {
    const symbol = this.#symbol(file, name)
    const node = this.#declaration(symbol)
    if (isVariableDeclaration(node))
      return { ...this.#documented(symbol), parameters: ['amount'], returns: '', text: textOf(node), overloads: [] }
    if (!isFunctionDeclaration(node)) throw new Error(`${file}: ${name} is no function`)
    return this.#method(symbol, node, node.parameters, textOf(node.type))
  }

  #method(symbol: Declared, node: Node, declared: readonly ParameterDeclaration[], returns: string): Method {
    const overload = { parameters: declared.flatMap(parameterNames), returns }
    return { ...this.#documented(symbol), ...overload, text: textOf(node), overloads: [overload] }
  }

  #symbol(file: string, name: string): Declared {
    const { checker, program } = this.#project
    const source = program.getSourceFile(join(ROOT, 'packages/prescore/src', file))
    const [node] = (source?.statements ?? []).flatMap(declared).filter(each => textOf(each.name) === name)
    const symbol = node === undefined ? undefined : checker.getSymbolAtLocation(node.name)
    if (symbol === undefined) throw new Error(`${file} declares no ${name}`)
    return symbol
  }

  #declaration(symbol: Declared): Node {
    const node = (symbol.valueDeclaration ?? symbol.declarations[0])?.resolve(this.#project)
    if (node === undefined) throw new Error(`${symbol.name} is declared nowhere`)
    return node
  }

  #documented(symbol: Declared): Documented {
    const { checker } = this.#project
    const tags = symbol.getJsDocTags(checker).map(({ name, text }) => [name, words(String(text ?? ''))] as const)
    const errors = tags.filter(([name]) => name === 'error').flatMap(([, text]) => text.split(/, */))
    for (const code of errors) {
      if (!Object.hasOwn(ERRORS, code)) throw new Error(`${symbol.name}: @error ${code} is no code of the table`)
    }
    const fallback = tags.find(([name]) => name === 'default')?.[1] ?? ''
    return { name: symbol.name, meaning: words(symbol.getDocumentationComment(checker)), fallback, errors: [...new Set(errors)] }
  }
}

/** What a statement declares by name. */
function declared(statement: Statement): { readonly name: Node }[] {
  if (isVariableStatement(statement)) return [...statement.declarationList.declarations]
  if (isFunctionDeclaration(statement) || isClassDeclaration(statement))
    return statement.name === undefined ? [] : [{ name: statement.name }]
  return isInterfaceDeclaration(statement) ? [statement] : []
}

/** `...[mapping]` is an optional `mapping`. */
function parameterNames({ name, questionToken, initializer, dotDotDotToken }: ParameterDeclaration): string[] {
  const optional = questionToken !== undefined || initializer !== undefined || dotDotDotToken !== undefined ? '?' : ''
  const text = isArrayBindingPattern(name) ? textOf(name).slice(1, -1) : textOf(name)
  return [`${text.startsWith('{') ? 'options' : text}${optional}`]
}

function textOf(node: Node | undefined): string {
  return node === undefined ? '' : words(node.getText())
}

/** In one line. */
function words(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}

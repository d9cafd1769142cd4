/** What a file imports and exports, read from its blanked code. */
import { posix } from 'node:path'
import type { SourceFile, Tree } from './tree.ts'

export interface Import {
  readonly specifier: string
  /** The file meant, where it is one of the tree. */
  readonly target: string | undefined
  /** The names taken from it; undefined means perhaps all. */
  readonly names: readonly string[] | undefined
  /** True for `export … from`. */
  readonly passedOn: boolean
  readonly offset: number
}

export interface Export {
  readonly name: string
  readonly isType: boolean
  readonly offset: number
}

const CLAUSE = /\b(import|export)\s+(?:type\s+)?((?:[\w$]+\s*,?\s*)?(?:\*(?:\s*as\s+[\w$]+)?\s*|\{[^{}]*\}\s*)?)from\s*['"]/g
const BARE = /\bimport\s*\(?\s*['"]/g
const DECLARATION =
  /^export\s+(?:declare\s+)?(?:default\s+)?(?:async\s+)?(abstract\s+class|class|function\s*\*?|const|let|interface|type|namespace)\s+([\w$]+)/gm
const LIST = /^export\s+(type\s+)?\{([^{}]*)\}/gm
const STAR = /^export\s+(?:type\s+)?\*\s*from\s*['"]/gm

export function importsOf(file: SourceFile, tree: Tree): Import[] {
  const named = [...file.code.matchAll(CLAUSE)].map(match =>
    importAt(file, tree, match, namesIn(match[2] as string, file), match[1] === 'export'),
  )
  const bare = [...file.code.matchAll(BARE)].map(match => importAt(file, tree, match, match[0].includes('(') ? undefined : [], false))
  return [...named, ...bare]
}

function importAt(file: SourceFile, tree: Tree, match: RegExpExecArray, names: Import['names'], passedOn: boolean): Import {
  const start = match.index + match[0].length
  const specifier = file.text.slice(start, file.code.indexOf(match[0].at(-1) as string, start))
  const path = specifier.startsWith('.') ? posix.join(posix.dirname(file.path), specifier) : undefined
  return { specifier, target: path !== undefined && tree.has(path) ? path : undefined, names, passedOn, offset: match.index }
}

function namesIn(clause: string, file: SourceFile): Import['names'] {
  const namespace = /\*\s*as\s+([\w$]+)/.exec(clause)?.[1]
  if (namespace !== undefined)
    return [...file.code.matchAll(new RegExp(`(?<![\\w$.])${namespace}\\.([\\w$]+)`, 'g'))].map(match => match[1] as string)
  if (clause.includes('*')) return undefined
  const listed = entriesOf(/\{([^{}]*)\}/.exec(clause)?.[1] ?? '').map(([name]) => name)
  return /^[\w$]/.test(clause) ? ['default', ...listed] : listed
}

/** `a, type B as C` as pairs of inner and outer name. */
function entriesOf(list: string): [string, string][] {
  const entries = list.split(',').map(entry => entry.trim().replace(/^type\s+/, ''))
  return entries
    .filter(entry => entry !== '')
    .map(entry => entry.split(/\s+as\s+/))
    .map(([inner = '', outer = inner]) => [inner, outer])
}

/** Every exported name, those of `export *` included. */
export function exportsOf(file: SourceFile, tree: Tree): Export[] {
  const declared = [...file.code.matchAll(DECLARATION)].map(match => ({
    name: match[2] as string,
    isType: match[1] === 'interface' || match[1] === 'type',
    offset: match.index,
  }))
  const listed = [...file.code.matchAll(LIST)].flatMap(match => {
    const start = match.index + match[0].indexOf('{')
    return entriesOf(match[2] as string).map(([, name]) => ({
      name,
      isType: match[1] !== undefined || new RegExp(`\\btype\\s+(?:[\\w$]+\\s+as\\s+)?${name}\\b`).test(match[2] as string),
      offset: start + file.code.slice(start).search(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`)),
    }))
  })
  const starred = [...file.code.matchAll(STAR)].flatMap(match => {
    const target = tree.get(importAt(file, tree, match, undefined, true).target ?? '')
    return target === undefined ? [] : exportsOf(target, tree).map(each => ({ ...each, offset: match.index }))
  })
  const unique = new Map([...starred, ...listed, ...declared].map(each => [each.name, each]))
  return [...unique.values()]
}

/** Files that nothing reaches and exports that nobody imports. */
import { posix } from 'node:path'
import { exportsOf, type Import, importsOf } from './modules.ts'
import { type Finding, finding, isCode, type SourceFile, type Tree } from './tree.ts'

export interface Entries {
  readonly src: string
  /** Files that start something: the public face, the command line. Their exports are for others. */
  readonly entries: readonly string[]
  /** Files that are started by path, as workers: some other file must name them. */
  readonly workers: readonly string[]
}

export function checkDeadFiles(tree: Tree, { src, entries, workers }: Entries): Finding[] {
  const reached = new Set<string>()
  const walk = (path: string): void => {
    const file = tree.get(path)
    if (file === undefined || reached.has(path)) return
    reached.add(path)
    for (const { target } of importsOf(file, tree)) if (target !== undefined) walk(target)
  }
  for (const path of [...entries, ...workers]) walk(path)
  const unreached = sourcesOf(tree, src).filter(({ path }) => !reached.has(path))
  return [
    ...unreached.map(file =>
      finding(file, 0, 'no entry reaches this file', 'use it, remove it, or list it as an entry in test/tidy.test.ts'),
    ),
    ...workers.filter(path => !isNamed(path, tree, src)).map(unnamed),
  ]
}

function isNamed(path: string, tree: Tree, src: string): boolean {
  return tree.has(path) && sourcesOf(tree, src).some(file => file.path !== path && file.text.includes(posix.basename(path)))
}

function unnamed(file: string): Finding {
  return { file, line: 1, problem: 'it is listed as a worker, but no source names it', fix: 'remove it from the list in test/tidy.test.ts' }
}

/** Every exported value must be imported by someone, of an index.ts from outside its folder. Types may stand by: they say what the values take and give. */
export function checkDeadExports(tree: Tree, { src, entries, workers }: Entries): Finding[] {
  const uses = usesIn(tree)
  const files = sourcesOf(tree, src).filter(({ path }) => ![...entries, ...workers].includes(path))
  return files.flatMap(file => {
    const isIndex = posix.basename(file.path) === 'index.ts'
    const inside = isIndex ? `${posix.dirname(file.path)}/` : file.path
    const outsideUses = uses.filter(({ by, from }) => from.startsWith(inside) && !by.startsWith(inside))
    const isUsed = (name: string): boolean => outsideUses.some(use => use.name === name || use.name === undefined)
    const dead = exportsOf(file, tree).filter(({ name, isType }) => !isType && !isUsed(name))
    const problem = isIndex ? 'nobody outside of the folder imports' : 'no other file imports'
    return dead.map(({ name, offset }) => finding(file, offset, `${problem} ${name}`, 'remove the export, and what nothing else needs'))
  })
}

interface Use {
  readonly by: string
  readonly from: string
  readonly name: string | undefined
}

function usesIn(tree: Tree): Use[] {
  const files = [...tree.values()].filter(({ path }) => isCode(path))
  return files.flatMap(file => importsOf(file, tree).flatMap(each => usesOf(each, file.path, tree)))
}

/** `export *` uses every name there is; `import()` perhaps any. */
function usesOf({ target, names, passedOn }: Import, by: string, tree: Tree): Use[] {
  if (target === undefined) return []
  const taken = names ?? (passedOn ? exportsOf(tree.get(target) as SourceFile, tree).map(({ name }) => name) : [undefined])
  return taken.map(name => ({ by, from: target, name }))
}

function sourcesOf(tree: Tree, src: string): SourceFile[] {
  return [...tree.values()].filter(({ path }) => path.startsWith(src) && path.endsWith('.ts'))
}

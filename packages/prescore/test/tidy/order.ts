/** Imports follow the order of the folders, and enter a folder by its index.ts. */
import { posix } from 'node:path'
import { importsOf } from './modules.ts'
import { type Finding, finding, type SourceFile, type Tree } from './tree.ts'

export interface House {
  /** Where the sources lie, with a slash at the end. */
  readonly src: string
  /** Folders and files of src in their order; those of one row do not know each other. */
  readonly order: readonly (readonly string[])[]
  /** What the public face, src/index.ts, may import. */
  readonly face: readonly string[]
}

export function checkOrder(tree: Tree, house: House): Finding[] {
  return [...tree.values()]
    .filter(({ path }) => path.startsWith(house.src) && path.endsWith('.ts'))
    .flatMap(file => [...checkPlace(file, house), ...importsOf(file, tree).flatMap(each => checkImport(file, each, tree, house))])
}

/** The folder (or file) directly below src. */
function roomOf(path: string, { src }: House): string {
  return path.slice(src.length).split('/')[0] as string
}

function checkPlace(file: SourceFile, house: House): Finding[] {
  const room = roomOf(file.path, house)
  if (room === 'index.ts' || house.order.flat().includes(room)) return []
  return [
    finding(file, 0, `${room} has no place in the order of folders`, 'give it one in the list of test/tidy.test.ts and in ARCHITECTURE.md'),
  ]
}

function checkImport(file: SourceFile, each: ReturnType<typeof importsOf>[number], tree: Tree, house: House): Finding[] {
  const { specifier, target, offset } = each
  const at = (problem: string, fix: string): Finding[] => [finding(file, offset, `imports ${specifier}: ${problem}`, fix)]
  if (!specifier.startsWith('.')) return specifier === 'prescore' ? at('the package imports itself', 'import the folder it comes from') : []
  if (target === undefined)
    return at('there is no such file', 'correct the path; sources import nothing from outside packages/prescore/src')
  if (target === posix.join(house.src, '../package.json')) return []
  if (!target.startsWith(house.src)) return at('it lies outside of src', 'move what is needed into src')
  const closed = closedFolder(file.path, target, tree)
  if (closed !== undefined) return at(`it goes past ${closed}/index.ts`, `import ${closed}/index.ts, the only face of its folder`)
  return checkDirection(roomOf(file.path, house), roomOf(target, house), house).flatMap(([problem, fix]) => at(problem, fix))
}

/** The outermost folder that the import enters otherwise than by its index.ts. */
function closedFolder(from: string, target: string, tree: Tree): string | undefined {
  const inner = target.split('/')
  const folders = inner.slice(0, -1).map((_, i) => inner.slice(0, i + 1).join('/'))
  return folders.find(
    folder => !from.startsWith(`${folder}/`) && tree.has(`${folder}/index.ts`) && target !== posix.join(folder, 'index.ts'),
  )
}

function checkDirection(from: string, to: string, { order, face }: House): [string, string][] {
  if (from === to) return []
  if (to === 'index.ts') return [['it is the public face, for users', 'import the folder it comes from']]
  if (from === 'index.ts')
    return face.includes(to) ? [] : [[`the public face may import ${face.join(', ')} only`, 'pass it on through app.ts']]
  const rank = (room: string): number => order.findIndex(row => row.includes(room))
  if (rank(to) < rank(from)) return []
  if (rank(to) > rank(from))
    return [[`${from} comes before ${to}`, `move what both need to the left, or the caller to the right, of: ${textOf(order)}`]]
  return [[`${from} and ${to} are siblings`, 'move what both need into a folder to their left, or join them in one to their right']]
}

function textOf(order: House['order']): string {
  return order.map(row => row.join('|')).join(' → ')
}

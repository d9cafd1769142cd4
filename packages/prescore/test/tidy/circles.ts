/** No file may reach itself through imports, types included: a knot cannot be read, moved or tested in parts. */
import { importsOf } from './modules.ts'
import { type Finding, finding, type SourceFile, type Tree } from './tree.ts'

export function checkCircles(tree: Tree, src: string): Finding[] {
  const files = [...tree.values()].filter(({ path }) => path.startsWith(src) && path.endsWith('.ts'))
  const targets = new Map(files.map(file => [file.path, targetsOf(file, tree)]))
  const done = new Set<string>()
  const findings: Finding[] = []
  /** Depth first; whatever is done lies on no circle, or on one already reported. */
  const walk = (path: string, trail: readonly string[]): void => {
    const turn = trail.indexOf(path)
    if (turn >= 0) findings.push(circle([...trail.slice(turn), path], tree, src))
    if (turn >= 0 || done.has(path)) return
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path])
    done.add(path)
  }
  for (const { path } of files) walk(path, [])
  return findings
}

function targetsOf(file: SourceFile, tree: Tree): string[] {
  return importsOf(file, tree).flatMap(({ target }) => target ?? [])
}

function circle(paths: readonly string[], tree: Tree, src: string): Finding {
  const last = tree.get(paths.at(-2) as string) as SourceFile
  const turn = importsOf(last, tree).find(({ target }) => target === paths.at(-1))
  return finding(
    last,
    turn?.offset ?? 0,
    `imports in a circle: ${paths.map(path => path.slice(src.length)).join(' → ')}`,
    'move what both sides need into a file of its own',
  )
}

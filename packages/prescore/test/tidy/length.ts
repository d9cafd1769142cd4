/** A file holds one idea, and one idea fits a few screens. */
import { type Finding, finding, isCode, type Tree } from './tree.ts'

/** @param exceptions reasons by path. An exception that is no longer needed is a finding too. */
export function checkLength(tree: Tree, linesMax: number, exceptions: Readonly<Record<string, string>>): Finding[] {
  const long = [...tree.values()].filter(({ path, text }) => isCode(path) && linesOf(text) > linesMax)
  const needless = Object.keys(exceptions).filter(path => !long.some(file => file.path === path))
  return [
    ...long
      .filter(({ path }) => !exceptions[path])
      .map(file =>
        finding(
          file,
          file.text.length - 1,
          `${linesOf(file.text)} lines, more than ${linesMax}`,
          'split it by idea, or list it with a reason',
        ),
      ),
    ...needless.map(path => ({
      file: path,
      line: 1,
      problem: 'it needs no exception from the length',
      fix: 'remove it from the list in test/tidy.test.ts',
    })),
  ]
}

function linesOf(text: string): number {
  return text.trimEnd().split('\n').length
}

/** The table of errors and the code agree: no code without a use, no use without a code. */
import { posix } from 'node:path'
import { type Finding, finding, type SourceFile, type Tree } from './tree.ts'

export interface ErrorTable {
  readonly src: string
  /** The file that holds the table. */
  readonly file: string
  readonly codes: readonly string[]
  /** Codes whose use is still to come. It may only shrink: one that is used must leave it. */
  readonly notYet: readonly string[]
}

export function checkErrorCodes(tree: Tree, { src, file, codes, notYet }: ErrorTable): Finding[] {
  const sources = [...tree.values()].filter(({ path }) => path.startsWith(src) && path.endsWith('.ts'))
  const table = tree.get(file) as SourceFile
  const used = new Set(sources.flatMap(source => literalsOf(source).map(({ value }) => value)))
  const row = (code: string): number => Math.max(0, table.code.search(new RegExp(`^\\s*${code}:`, 'm')) + 1)
  const dead = codes.filter(code => !used.has(code) && !notYet.includes(code))
  const settled = notYet.filter(code => used.has(code) || !codes.includes(code))
  return [
    ...dead.map(code => finding(table, row(code), `no source uses the code ${code}`, 'throw it where it belongs, or remove its row')),
    ...settled.map(code =>
      finding(table, row(code), `the code ${code} is listed as not yet used`, 'remove it from NOT_YET in test/tidy.test.ts'),
    ),
    ...sources.flatMap(source => unknownCodes(source, codes, posix.basename(file))),
  ]
}

function unknownCodes(source: SourceFile, codes: readonly string[], table: string): Finding[] {
  const thrown = [...source.code.matchAll(/\b(?:new PrescoreError|problem)\(\s*(?=['"])/g)]
  const literals = literalsOf(source)
  return thrown.flatMap(({ 0: match, index }) => {
    const code = literals.find(({ offset }) => offset === index + match.length)?.value
    return code === undefined || codes.includes(code)
      ? []
      : [finding(source, index, `the code ${code} is not in the table`, `add a row to ${table}`)]
  })
}

/** The strings of a file, with the offset of their first quote. */
function literalsOf({ code, text }: SourceFile): { readonly value: string; readonly offset: number }[] {
  return [...code.matchAll(/(['"]) *\1/g)].map(({ 0: match, index }) => ({
    value: text.slice(index + 1, index + match.length - 1),
    offset: index,
  }))
}

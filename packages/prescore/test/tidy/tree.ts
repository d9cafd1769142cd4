/** The files that the house rules look at, and what a rule finds. */
import { globSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'
import { blank } from './blank.ts'

export interface SourceFile {
  /** From the root of the repository, with forward slashes. */
  readonly path: string
  readonly text: string
  /** The text with comments and the contents of strings blanked out: every offset is that of the text. */
  readonly code: string
}

export type Tree = ReadonlyMap<string, SourceFile>

/** One breach of a rule, with its remedy. */
export interface Finding {
  readonly file: string
  readonly line: number
  readonly problem: string
  readonly fix: string
}

const READ = ['{packages,examples,bench,scripts}/**/*.{ts,mjs,json,md}', 'docs/**/*.md', '*.{md,json,jsonc}', '.ci/run']
const NOT_READ = ['**/node_modules/**', '**/.prescore/**', 'examples/*/data/**', 'bench/results/**', 'package-lock.json']

export function readTree(root: string): Tree {
  const paths = globSync(READ, { cwd: root, exclude: NOT_READ }).map(path => path.replaceAll(sep, posix.sep))
  return treeOf(Object.fromEntries(paths.sort().map(path => [path, readFileSync(join(root, path), 'utf8')])))
}

/** A tree of the given texts by path. */
export function treeOf(texts: Readonly<Record<string, string>>): Tree {
  const files = Object.entries(texts).map(([path, text]) => ({ path, text, code: isCode(path) ? blank(text) : '' }))
  return new Map(files.map(file => [file.path, file]))
}

export function isCode(path: string): boolean {
  return /\.(ts|mjs)$/.test(path)
}

/** A breach at an offset of the file's text. */
export function finding(file: SourceFile, offset: number, problem: string, fix: string): Finding {
  return { file: file.path, line: file.text.slice(0, offset).split('\n').length, problem, fix }
}

export function describeFindings(findings: readonly Finding[]): string {
  return findings.map(({ file, line, problem, fix }) => `${file}:${line}: ${problem} → ${fix}`).join('\n')
}

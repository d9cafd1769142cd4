/** What may not be written, each with what to write instead. */
import { type Finding, finding, isCode, type SourceFile, type Tree } from './tree.ts'

interface Ban {
  readonly pattern: RegExp
  /** Code is without comments and contents of strings; text is everything. */
  readonly in: 'code' | 'text'
  /** The files it holds for. */
  readonly where: (path: string) => boolean
  readonly problem: string
  readonly fix: string
}

const everywhere = (): boolean => true
const inSources = (path: string): boolean => /^packages\/[^/]+\/src\//.test(path)
const outsideCli = (path: string): boolean => inSources(path) && !path.includes('/src/cli/')
const inTests = (path: string): boolean => /\/test\//.test(path) && isCode(path)

const BANS: readonly Ban[] = [
  {
    pattern: /(?<![.\w$])any(?![\w$]|\s*[(:])/g,
    in: 'code',
    where: isCode,
    problem: 'the type any',
    fix: 'say the type, or unknown and a check',
  },
  { pattern: /@ts-(?:ignore|nocheck)\b/g, in: 'text', where: isCode, problem: 'a switched-off type check', fix: 'mend the types' },
  {
    pattern: /@ts-expect-error[ \t]*(?:$|\*\/)/gm,
    in: 'text',
    where: isCode,
    problem: 'an expected type error without a reason',
    fix: 'write behind it what the compiler must catch',
  },
  { pattern: /\beslint-disable/g, in: 'text', where: isCode, problem: 'a comment for another linter', fix: 'remove it: Biome lints here' },
  { pattern: /\b(?:TODO|FIXME|XXX)\b/g, in: 'text', where: everywhere, problem: 'unfinished work', fix: 'finish it, or write an issue' },
  {
    pattern: /\bconsole\./g,
    in: 'code',
    where: outsideCli,
    problem: 'a print outside of the command line',
    fix: 'return the text, or emit an event',
  },
  {
    pattern: /\b(?:test|it|describe|suite)\.only\b|\bonly:\s*true\b/g,
    in: 'code',
    where: inTests,
    problem: 'a test that silences the others',
    fix: 'remove `only`',
  },
  {
    pattern: /\b(?:test|it|describe|suite)\.(?:skip|todo)\b|\b(?:skip|todo):\s*true\b|\bt\.(?:skip|todo)\(\s*\)/g,
    in: 'code',
    where: inTests,
    problem: 'a skip without a reason',
    fix: "say { skip: condition && 'why' } or t.skip('why')",
  },
  {
    pattern: /(?<!=>\s*)^[ \t]*(?:assert\.(?:rejects|doesNotReject)|fc\.assert\(\s*fc\.asyncProperty)\(/gm,
    in: 'code',
    where: inTests,
    problem: 'an assertion that nobody awaits, so that it cannot fail',
    fix: 'await or return it',
  },
  {
    pattern: /(?<![\w.\])}-])\/(?:work|root|home)\//g,
    in: 'text',
    where: everywhere,
    problem: 'a path of one machine',
    fix: 'derive it from import.meta, or say it relative to the repository',
  },
]

/** The rules' own files say what they ban. */
const EXEMPT = /^packages\/prescore\/test\/tidy\//

export function checkBanned(tree: Tree): Finding[] {
  const files = [...tree.values()].filter(({ path }) => !EXEMPT.test(path))
  return files.flatMap(file => BANS.filter(({ where }) => where(file.path)).flatMap(ban => findingsOf(ban, file)))
}

function findingsOf({ pattern, in: part, problem, fix }: Ban, file: SourceFile): Finding[] {
  return [...file[part].matchAll(pattern)].map(({ 0: match, index }) => {
    const indented = match.length - match.trimStart().length
    return finding(file, index + indented, `${problem}: ${file.text.slice(index, index + match.length).trim()}`, fix)
  })
}

/** A rule that cannot fail is a defect: each one meets a small tree that breaks it, and a sound one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkBanned } from './banned.ts'
import { blank } from './blank.ts'
import { checkCircles } from './circles.ts'
import { checkDeadExports, checkDeadFiles, type Entries } from './dead.ts'
import { checkErrorCodes, type ErrorTable } from './error-codes.ts'
import { checkLength } from './length.ts'
import { exportsOf, importsOf } from './modules.ts'
import { checkOrder, type House } from './order.ts'
import { type Finding, type SourceFile, treeOf } from './tree.ts'

const SRC = 'packages/p/src/'

/** A tree of sources by their path below src. */
const sources = (texts: Readonly<Record<string, string>>) =>
  treeOf(Object.fromEntries(Object.entries(texts).map(([path, text]) => [SRC + path, text])))

/** Findings as `path:line word …`, to be compared with what a canary expects. */
const brief = (findings: readonly Finding[]): string[] =>
  findings.map(({ file, line, problem }) => `${file.replace(SRC, '')}:${line} ${problem}`)

const sees = (findings: readonly Finding[], ...expected: RegExp[]): void => {
  const found = brief(findings)
  assert.equal(found.length, expected.length, found.join('\n'))
  for (const [i, pattern] of expected.entries()) assert.match(found[i] as string, pattern)
  for (const { fix } of findings) assert.notEqual(fix, '')
}

test('blanking keeps code, offsets and lines, and hides comments and strings', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
  const text = "a('//b', \"it's\") // any\nb(/['\"`/]/g, 4 / 2 / 1) /* any\n any */ + `x${f({ y: `any` })} any` + '\\''"
  const code = blank(text)
  assert.equal(code.length, text.length)
  assert.deepEqual(
    [...code.matchAll(/\n/g)].map(({ index }) => index),
    [...text.matchAll(/\n/g)].map(({ index }) => index),
  )
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a program
  assert.equal(code.replaceAll(/\s+/g, ''), "a('',\"\")b(//,4/2/1)+`${f({y:``})}`+''")
})

test('imports and exports are read', () => {
  const text = [
    "import type { A, type B as C } from './a.ts'",
    "import * as all from './a.ts'; all.one(); all.two",
    "import only, { three } from './a.ts'",
    "export { D as E, type F } from './a.ts'",
    "export type * from './a.ts'",
    "import './a.ts'; await import('./a.ts')",
    'const text = "import { no } from \'./a.ts\'"',
    'export interface X { from: string }',
    'export async function f() {}',
    'export default class G {}',
  ].join('\n')
  const tree = sources({ 'a.ts': 'export type T = 1', 'b.ts': text })
  const file = tree.get(`${SRC}b.ts`) as SourceFile
  const imports = importsOf(file, tree)
  assert.ok(imports.every(({ target }) => target === `${SRC}a.ts`))
  assert.deepEqual(
    imports.map(({ names }) => names),
    [['A', 'B'], ['one', 'two'], ['default', 'three'], ['D', 'F'], undefined, [], undefined],
  )
  assert.deepEqual(
    exportsOf(file, tree).map(({ name, isType }) => [name, isType]),
    [
      ['T', true],
      ['E', false],
      ['F', true],
      ['X', true],
      ['f', false],
      ['G', false],
    ],
  )
})

const HOUSE: House = { src: SRC, order: [['base'], ['left', 'right'], ['app.ts'], ['cli']], face: ['base', 'app.ts'] }
const HOUSE_FACES = { 'base/index.ts': '', 'left/index.ts': '', 'right/index.ts': '', 'app.ts': '', 'index.ts': '' }

test('the order of folders: a sound house', () => {
  const texts = {
    ...HOUSE_FACES,
    'index.ts': "export * from './app.ts'\nimport './base/index.ts'",
    'left/index.ts': "import '../base/index.ts'\nimport './inner.ts'\nimport 'node:fs'",
    'left/inner.ts': "import type { A } from '../base/index.ts'",
    'app.ts': "import './left/index.ts'\nimport './right/index.ts'",
    'cli/main.ts': "import '../app.ts'\nimport './commands/run.ts'",
    'cli/commands/run.ts': "import '../main.ts'\nimport '../../base/index.ts'",
  }
  sees(checkOrder(sources(texts), HOUSE))
})

test('the order of folders: what breaks it', () => {
  const broken = (path: string, text: string, expected: RegExp): void =>
    sees(checkOrder(sources({ ...HOUSE_FACES, [path]: text }), HOUSE), expected)
  broken('base/index.ts', "\nimport type { A } from '../left/index.ts'", /^base\/index.ts:2 .*base comes before left/)
  broken('left/a.ts', "import '../right/index.ts'", /^left\/a.ts:1 .*siblings/)
  broken('right/a.ts', "export * from '../app.ts'", /right comes before app.ts/)
  broken('right/a.ts', "import '../index.ts'", /public face/)
  broken('index.ts', "import './left/index.ts'", /^index.ts:1 .*may import base, app.ts only/)
  broken('right/a.ts', "import '../base/none.ts'", /no such file/)
  broken('right/a.ts', "import 'prescore'", /imports itself/)
  broken('attic/a.ts', '', /^attic\/a.ts:1 attic has no place/)
})

test('the order of folders: faces', () => {
  const texts = {
    ...HOUSE_FACES,
    'base/inner.ts': '',
    'left/deep/index.ts': '',
    'left/deep/b.ts': "import '../other.ts'",
    'left/other.ts': '',
  }
  sees(
    checkOrder(sources({ ...texts, 'left/a.ts': "import '../base/inner.ts'" }), HOUSE),
    /^left\/a.ts:1 .*past packages\/p\/src\/base\/index.ts/,
  )
  sees(checkOrder(sources({ ...texts, 'left/a.ts': "import './deep/b.ts'" }), HOUSE), /past packages\/p\/src\/left\/deep\/index.ts/)
})

test('circles', () => {
  sees(checkCircles(sources({ 'a.ts': "import './b.ts'\nimport './c.ts'", 'b.ts': "import './c.ts'", 'c.ts': '' }), SRC))
  const knot = { 'a.ts': "import './b.ts'", 'b.ts': "import './c.ts'", 'c.ts': "\nimport type { A } from './a.ts'" }
  sees(checkCircles(sources(knot), SRC), /^c.ts:2 .*a.ts → b.ts → c.ts → a.ts/)
  sees(checkCircles(sources({ 'a.ts': "import './a.ts'" }), SRC), /a.ts → a.ts/)
})

const ENTRIES: Entries = { src: SRC, entries: [`${SRC}index.ts`], workers: [] }

test('dead files', () => {
  const texts = { 'index.ts': "import './a.ts'", 'a.ts': "await import('./b.ts')", 'b.ts': '', 'worker.ts': '' }
  sees(checkDeadFiles(sources(texts), ENTRIES), /^worker.ts:1 no entry reaches/)
  const workers = [`${SRC}worker.ts`]
  sees(checkDeadFiles(sources(texts), { ...ENTRIES, workers }), /^worker.ts:1 .*no source names it/)
  sees(checkDeadFiles(sources({ ...texts, 'b.ts': "new URL('./worker.ts', import.meta.url)" }), { ...ENTRIES, workers }))
})

test('dead exports', () => {
  const texts = {
    'index.ts': "export { used } from './a/index.ts'\nimport { helper } from './b.ts'",
    'a/index.ts': "export { used, unused } from './inner.ts'\nexport type * from './types.ts'",
    'a/inner.ts': 'export const used = 1\nexport const unused = 1\nexport const forgotten = 2',
    'a/types.ts': 'export type Lonely = 1',
    'b.ts': 'export const helper = 1\nexport type Free = 1',
  }
  const dead = [/^a\/index.ts:1 .*unused/, /^a\/inner.ts:3 no other file imports forgotten/]
  sees(checkDeadExports(sources(texts), ENTRIES), ...dead)
  const test = {
    'packages/p/test/a.test.ts': "import { unused } from '../src/a/index.ts'\nimport { forgotten } from '../src/a/inner.ts'",
  }
  sees(checkDeadExports(new Map([...sources(texts), ...treeOf(test)]), ENTRIES))
})

test('banned words', () => {
  const lines: readonly (readonly [string, string, string])[] = [
    ['src/a.ts', 'let a: any', 'const one = f.any(1) // any'],
    ['src/a.ts', 'let a: Map<string, any>', "const a = 'as any'"],
    ['src/a.ts', '// @ts-ignore', '// @ts-ignored is a word'],
    ['test/a.ts', '// @ts-expect-error', '// @ts-expect-error a wrong name'],
    ['src/a.ts', '/* eslint-disable */', '/* eslint */'],
    ['README.md', 'TODO: write', 'todo lists'],
    ['src/a.ts', 'console.log(1)', "const a = 'console.log'"],
    ['test/a.ts', "test.only('x')", "test('only')"],
    ['test/a.ts', "test.skip('x')", "t.skip('no redis')"],
    ['test/a.ts', "test('x', { skip: true })", "test('x', { skip: !redis && 'no redis' })"],
    ['test/a.ts', 't.skip()', "skip('x')"],
    ['test/a.ts', '  assert.rejects(f)', '  await assert.rejects(f)'],
    ['test/a.ts', 'fc.assert(fc.asyncProperty(', 'await fc.assert(\n  fc.asyncProperty('],
    ['test/a.ts', '  fc.assert(\n    fc.asyncProperty(', "test('a', () =>\n  fc.assert(fc.asyncProperty("],
    ['README.md', 'see /home/me/x', 'https://example.org/home/me and docs/work/me'],
    ['package.json', '"/root/x"', '"./root/x"'],
  ]
  for (const [path, bad, good] of lines) {
    sees(
      checkBanned(treeOf({ [`packages/p/${path}`]: `\n${bad}\n` })),
      new RegExp(`^packages/p/${path}:2 |^${path.replace('src/', '')}:2 `),
    )
    sees(checkBanned(treeOf({ [`packages/p/${path}`]: `\n${good}\n` })))
  }
  sees(checkBanned(sources({ 'cli/a.ts': 'console.log(1)' })))
})

test('long files', () => {
  const tree = sources({ 'a.ts': 'a\n'.repeat(4), 'b.ts': 'b\n'.repeat(3) })
  sees(checkLength(tree, 3, {}), /^a.ts:4 4 lines/)
  sees(checkLength(tree, 3, { [`${SRC}a.ts`]: 'a table' }))
  sees(checkLength(tree, 3, { [`${SRC}a.ts`]: '' }), /^a.ts:4/)
  sees(checkLength(tree, 4, { [`${SRC}a.ts`]: 'a table' }), /^a.ts:1 it needs no exception/)
})

test('the error table', () => {
  const table: ErrorTable = { src: SRC, file: `${SRC}errors.ts`, codes: ['one', 'two'], notYet: [] }
  const errors = 'export const ERRORS = {\n  one: 1,\n  two: 2,\n}'
  const both = "throw new PrescoreError('one', {})\nconst code = 'two'"
  const check = (text: string, changes: Partial<ErrorTable> = {}): Finding[] =>
    checkErrorCodes(sources({ 'errors.ts': errors, 'a.ts': text }), { ...table, ...changes })
  sees(check(both))
  sees(check("throw new PrescoreError('one', {})"), /^errors.ts:3 no source uses the code two/)
  sees(check("throw new PrescoreError('one', {})", { notYet: ['two'] }))
  sees(check(both, { notYet: ['two'] }), /^errors.ts:3 .*two is listed as not yet used/)
  sees(check(both, { notYet: ['three'] }), /three is listed/)
  sees(check(`${both}\nproblem('four', 'here')\nnew PrescoreError(\n  'five')`), /^a.ts:3 .*four is not in the table/, /^a.ts:4 .*five/)
})

/** Runs what the documents say; `docs/plan.ts` tells how a document marks it. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { blocksOf } from './docs/blocks.ts'
import { compileProblems } from './docs/compile.ts'
import { follow } from './docs/follow.ts'
import { type Step, stepsOf } from './docs/plan.ts'
import { Session } from './docs/session.ts'

const ROOT = resolve(import.meta.dirname, '../../..')
const EXAMPLE = join(ROOT, 'examples/flights')
const DOCUMENTS = ['README.md', ...globSync(['ARCHITECTURE.md', 'docs/*.md'], { cwd: ROOT }).sort()]

const scriptsOf = (folder: string): string[] => Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts ?? {})
const scripts = { root: scriptsOf(ROOT), example: scriptsOf(EXAMPLE) }
const documents = DOCUMENTS.filter(file => existsSync(join(ROOT, file)))
const steps = documents.flatMap(file => stepsOf(blocksOf(file, readFileSync(join(ROOT, file), 'utf8')), scripts))

const of = <K extends Step['kind']>(kind: K) => steps.filter((step): step is Extract<Step, { readonly kind: K }> => step.kind === kind)
const whereOf = ({ block }: Step): string => `${block.file}:${block.line}`

/** Whether a test names a document. */
function reads(test: string, document: string): boolean {
  const file = join(ROOT, test)
  return existsSync(file) && readFileSync(file, 'utf8').includes(document)
}

function none(problems: readonly (string | undefined)[]): void {
  const found = problems.filter(problem => problem !== undefined)
  if (found.length > 0) assert.fail(`\n${found.join('\n')}\n`)
}

test('there is a README', () => assert.ok(existsSync(join(ROOT, 'README.md')), 'README.md is missing: write it'))

test('each block can be tested, or says why not', t => {
  for (const step of of('excused')) t.diagnostic(`not run: ${whereOf(step)}: ${step.reason}`)
  const counts = [`${of('compile').length} blocks compiled`, `${of('run').length} run`, `${of('elsewhere').length} run by other tests`]
  t.diagnostic(`${documents.length} documents: ${counts.join(', ')}, ${of('excused').length} not run`)
  none(of('elsewhere').map(step => (reads(step.test, step.block.file) ? undefined : `${whereOf(step)}: ${step.test} does not read it`)))
  none(of('refused').map(step => `${whereOf(step)}: ${step.problem}`))
})

test('the TypeScript compiles', { skip: of('compile').length === 0 && 'the documents have no TypeScript' }, () => {
  none(
    compileProblems(
      ROOT,
      of('compile').map(({ block }) => block),
    ),
  )
})

const followed = steps.filter(step => step.kind === 'run' || step.kind === 'write')

test('the commands do what the documents show', { skip: followed.length === 0 && 'the documents have no commands' }, async t => {
  const session = await Session.open(ROOT, EXAMPLE)
  try {
    for (const step of followed) await t.test(whereOf(step), async () => none([await follow(session, step)]))
  } finally {
    await session.close()
  }
})

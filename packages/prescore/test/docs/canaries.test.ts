/** The checks of the documents must be able to fail: small documents that are wrong, and right ones. */
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { blocksOf } from './blocks.ts'
import { compileProblems } from './compile.ts'
import { follow } from './follow.ts'
import { matchesOutput } from './output.ts'
import { commandsOf, type RunStep, type Step, stepsOf, type WriteStep } from './plan.ts'
import { Session } from './session.ts'

const ROOT = resolve(import.meta.dirname, '../../../..')
const SCRIPTS = { root: ['demo', 'test'], example: ['prepare-data'] }

const block = (language: string, text: string, comment?: string): string =>
  `${comment === undefined ? '' : `<!-- ${comment} -->\n`}\`\`\`${language}\n${text}\n\`\`\`\n`

const plan = (...blocks: readonly string[]): Step[] => stepsOf(blocksOf('a.md', blocks.join('\nSome words.\n\n')), SCRIPTS)

test('blocks are found with their line, language and comment', () => {
  const text = `# A\n\n${block('sh', 'one\ntwo')}\n<!-- output -->\n\n${block('text', 'three')}\n- item\n\n  ${block('ts', '  four').replaceAll('\n', '\n  ')}\n`
  assert.deepEqual(
    blocksOf('a.md', text).map(({ line, language, text, comment }) => [line, language, text, comment]),
    [
      [4, 'sh', 'one\ntwo\n', undefined],
      [11, 'text', 'three\n', 'output'],
      [17, 'ts', '  four\n', undefined],
    ],
  )
  assert.deepEqual(
    blocksOf('a.md', `<!--\n${block('sh', 'hidden')}-->\n\n${block('sh', 'seen')}`).map(({ comment }) => comment),
    [undefined, undefined],
  )
})

test('what a document may ask for', () => {
  const steps = plan(
    block('sh', 'npm run demo'),
    block('sh', '# first\nnpx prescore run late \\\n  --as-of x\ncurl -s http://localhost:8080 | head -1\nnpm run prepare-data'),
    block('sh', 'docker run redis', 'not run: it needs Docker'),
    block('ts', 'const a = 1'),
    block('json', '{}'),
  )
  assert.deepEqual(
    steps.map(step => (step.kind === 'run' ? step.commands : step.kind)),
    [
      [],
      ['npx prescore run late \\\n  --as-of x', 'curl -s http://localhost:8080 | head -1', 'npm run prepare-data'],
      'excused',
      'compile',
    ],
  )
  assert.deepEqual(
    plan(block('sh', 'prescore runs', 'data: flights')).map(step => step.kind === 'run' && step.before),
    ['npm run prepare-data'],
  )
  assert.deepEqual(commandsOf('curl -d \'{\n  "a": 1\n}\' x\nprescore runs'), ['curl -d \'{\n  "a": 1\n}\' x', 'prescore runs'])
})

test('a file of a document is written, and a test that runs a block is named', () => {
  const steps = plan(
    block('text', 'a,b', 'file: bikes/a.csv'),
    block('ts', 'x', 'file: b.ts'),
    block('python', 'x', 'run by: test/a.test.ts'),
  )
  assert.deepEqual(
    steps.map(step => [step.kind, step.kind === 'write' ? step.path : step.kind === 'elsewhere' && step.test]),
    [
      ['write', 'bikes/a.csv'],
      ['compile', false],
      ['write', 'b.ts'],
      ['elsewhere', 'test/a.test.ts'],
    ],
  )
})

test('what a document may not ask for', () => {
  const refused = (expected: RegExp, ...blocks: readonly string[]): void => {
    const problems = plan(...blocks).flatMap(step => (step.kind === 'refused' ? step.problem : []))
    assert.equal(problems.length, 1)
    assert.match(problems[0] as string, expected)
  }
  refused(/no npm script 'dome'/, block('sh', 'npm run dome'))
  refused(/'rm -rf x' is none of/, block('sh', 'rm -rf x'))
  refused(/without a reason/, block('sh', 'rm -rf x', 'not run:'))
  assert.match(
    JSON.stringify(stepsOf(blocksOf('a.md', block('sh', 'curl x', 'data: flights')), { root: [], example: [] })),
    /no npm script 'prepare-data'/,
  )
  refused(/without a reason/, block('ts', 'x', 'not run'))
  refused(/outside of the copy/, block('text', 'x', 'file: ../a.csv'))
  refused(/outside of the copy/, block('text', 'x', 'file: /a.csv'))
  refused(/its language is 'bash'/, block('bash', 'ls'))
  refused(/its language is ''/, block('', 'ls'))
  refused(/after a sh block/, block('text', 'x', 'output'))
  refused(/output cannot be compared/, block('sh', 'npm run demo'), block('text', 'x', 'output'))
})

test('an output is compared, but for what it leaves open', () => {
  const printed = 'late  3,399 rows\n\n  ok  1.2 s  (done)\nend\n'
  for (const expected of [
    printed,
    'late  … rows\n\n  ok  … s  (done)  \nend',
    '…\nend',
    'late…\n…',
    '…\n  ok…\n…',
    '…\nlate  3,399 rows\n…\nend\n…',
  ]) {
    assert.ok(matchesOutput(expected, printed), expected)
  }
  for (const expected of ['late  3,398 rows\n…', '…\nok…\n…', 'late  3,399 rows\n\nend', '…\n  ok  … s  .done.\nend', 'end', '']) {
    assert.ok(!matchesOutput(expected, printed), expected)
  }
})

test('the compiler finds what is wrong, at the line of the document', () => {
  const good = "import { hours } from 'prescore'\nexport const a = hours(1)"
  const blocks = blocksOf(
    'a.md',
    `# A\n\n${block('ts', good)}\n${block('ts', good)}\n${block('ts', "import { hours } from 'prescore'\nhours('x')")}`,
  )
  assert.deepEqual(compileProblems(ROOT, blocks.slice(0, 2)), [])
  const problems = compileProblems(ROOT, blocks)
  assert.equal(problems.length, 1)
  assert.match(problems[0] as string, /^a\.md:15: error TS2345/)
})

/** A repository of its own, whose `prescore` serves or prints its arguments. */
const FAKE = `#!/usr/bin/env node
const { createServer } = require('node:http')
const [command, ...rest] = process.argv.slice(2)
if (command === 'data') console.log('prepared')
else if (command === 'fail') process.exit(3)
else if (command !== 'serve') console.log(command, process.cwd().includes('.scratch'), require('node:fs').readdirSync('.').join())
else if (rest.includes('--broken')) console.error('broken')
else {
  const server = createServer((_, response) => response.end('hello\\n')).listen(Number(rest.at(-1)), '127.0.0.1', () =>
    console.log('Serving at http://127.0.0.1:' + server.address().port))
}
`

test('commands run in a copy, beside the servers they start, and nothing is left', async () => {
  const root = mkdtempSync(join(tmpdir(), 'prescore-docs-'))
  const example = join(root, 'example')
  const bin = join(root, 'node_modules/.bin')
  for (const folder of [bin, join(example, 'data')]) mkdirSync(folder, { recursive: true })
  writeFileSync(join(bin, 'prescore'), FAKE)
  chmodSync(join(bin, 'prescore'), 0o755)
  writeFileSync(join(example, 'package.json'), '{"type": "commonjs", "scripts": {"prepare-data": "prescore data > prepared"}}')
  const session = await Session.open(root, example)
  const result = (...blocks: readonly string[]): Promise<string | undefined> => follow(session, plan(...blocks)[0] as RunStep | WriteStep)
  try {
    const shown = (text: string): string => block('text', text, 'output')
    assert.equal(await result(block('sh', 'npx prescore look'), shown('look true package.json')), undefined)
    assert.equal(await result(block('text', 'a,b', 'file: deep/er/a.csv')), undefined)
    assert.equal(readFileSync(join(session.folder, 'deep/er/a.csv'), 'utf8'), 'a,b\n')
    rmSync(join(session.folder, 'deep'), { recursive: true })
    assert.match(
      (await result(block('sh', 'prescore look'), shown('look false'))) as string,
      /^a\.md:9: the document shows\nlook false[\s\S]*printed\nlook true/,
    )
    assert.equal(await result(block('sh', 'prescore look', 'data: flights'), shown('look true package.json,prepared')), undefined)
    assert.match((await result(block('sh', 'prescore look\nprescore fail'))) as string, /^a\.md:2: exit 3 of: prescore fail/)
    assert.match((await result(block('sh', 'curl -sf http://127.0.0.1:8081/'))) as string, /exit 7/)
    assert.equal(await result(block('sh', 'prescore serve --port 8081'), shown('Serving at http://127.0.0.1:8081')), undefined)
    assert.equal(await result(block('sh', 'curl -s http://localhost:8081/'), shown('hello')), undefined)
    assert.match((await result(block('sh', 'prescore serve --broken'))) as string, /exit 1[\s\S]*it ended without serving/)
  } finally {
    await session.close()
    assert.ok(!existsSync(session.folder))
    rmSync(root, { recursive: true })
  }
})

/** Runs what the README of each example says, in a copy of the example. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { blocksOf } from './blocks.ts'
import { follow } from './follow.ts'
import { stepsOf } from './plan.ts'
import { Session } from './session.ts'

/** Three million rows: most of its commands are those of the root's README. */
const LONG = 'examples/flights/README.md'
const ROOT = resolve(import.meta.dirname, '../../../..')
const scriptsOf = (folder: string): string[] => Object.keys(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).scripts ?? {})

for (const file of globSync('examples/*/README.md', { cwd: ROOT }).sort()) {
  const example = join(ROOT, dirname(file))
  const scripts = { root: scriptsOf(ROOT), example: scriptsOf(example) }
  const steps = stepsOf(blocksOf(file, readFileSync(join(ROOT, file), 'utf8')), scripts)

  test(`each block of ${file} can be tested, or says why not`, () => {
    const problems = steps.flatMap(step => (step.kind === 'refused' ? `${file}:${step.block.line}: ${step.problem}` : []))
    assert.deepEqual(problems, [])
  })

  const skip = file === LONG && process.env.PRESCORE_FULL !== '1' && 'half a minute: npm run test:all'
  test(`the commands of ${file} do what it shows`, { skip }, async t => {
    const session = await Session.open(ROOT, example)
    try {
      for (const step of steps) {
        if (step.kind === 'excused') t.diagnostic(`not run: ${file}:${step.block.line}: ${step.reason}`)
        if (step.kind !== 'run' && step.kind !== 'write') continue
        const problem = await follow(session, step)
        assert.ok(problem === undefined, `\n${problem}\n`)
      }
    } finally {
      await session.close()
    }
  })
}

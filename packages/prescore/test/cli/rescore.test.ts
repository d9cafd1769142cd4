/** A rescore as a process: what it prints, how it ends, and what is shown of it afterwards. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AS_OF, removeShop } from '../batch/shop.ts'
import { BROKEN, MENDED, makeStock, writeStock } from '../batch/stock.ts'
import { prescore } from './process.ts'

let folder: string
let earlier: string

before(async () => {
  folder = await makeStock(BROKEN)
  earlier = JSON.parse((await inFolder('run', 'spend', '--as-of', AS_OF, '--json')).stdout).run
})
after(() => removeShop(folder))

/** A command in the shop's folder; never a stack. */
async function inFolder(...args: readonly string[]) {
  const ended = await prescore(args, { cwd: folder })
  assert.doesNotMatch(ended.stdout + ended.stderr, /\n\s+at |node:internal/)
  return ended
}

test('wrong use is refused, with what to do', async () => {
  const cases: readonly (readonly [args: readonly string[], code: number, words: RegExp])[] = [
    [
      ['--rescore', earlier, '--only', 'stale'],
      2,
      /--only; found stale; expected failed, missing[\s\S]*run the prediction again, as of now/,
    ],
    [['--rescore', earlier, '--only', 'failed,wrong'], 2, /--only; found wrong; expected failed, missing/],
    [['--only', 'failed'], 2, /found no --rescore/],
    [['--rescore', earlier, '--dry-run'], 2, /found --dry-run beside it/],
    [['--rescore', earlier, '--as-of', '2026-03-11T12:00:00Z'], 1, /share one as-of/],
    [['--rescore', 'f00d'], 1, /There is no such run: f00d/],
  ]
  for (const [args, code, words] of cases) {
    const ended = await inFolder('run', 'spend', ...args)
    assert.equal(ended.code, code, args.join(' ') + ended.stderr)
    assert.match(ended.stderr, words)
  }
})

test('nothing to rescore: said, with exit code 0', async () => {
  const words = await inFolder('run', 'spend', '--rescore', earlier, '--only', 'missing')
  assert.equal(words.code, 0, words.stderr)
  assert.match(words.stdout, /^Nothing to rescore: run [0-9a-f]{12} has every key of the population\. It is published, as before\.$/m)
  const planned = await inFolder('run', 'spend', '--rescore', earlier, '--only', 'missing', '--plan')
  assert.match(planned.stdout, /^Nothing to rescore/)
  const data = JSON.parse((await inFolder('run', 'spend', '--rescore', earlier, '--only', 'missing', '--json')).stdout)
  assert.deepEqual([data.run, data.unchanged, data.rescored.rows], [earlier, true, { failed: 0, missing: 0, taken: 5 }])
})

test('what was computed, what was taken over, and from which run: told at its end and by `runs show`', async () => {
  await writeStock(folder, MENDED)
  const ended = await inFolder('run', 'spend', '--rescore', earlier.slice(0, 10), '--only', 'missing,failed')
  assert.equal(ended.code, 0, ended.stderr)
  const told = `3 failed + 1 missing computed, 2 taken over from run ${earlier.slice(0, 12)}`
  assert.match(ended.stdout, /^Run [0-9a-f]{12} is published\.$/m)
  assert.ok(ended.stdout.includes(told), ended.stdout)
  assert.match(ended.stdout, /6 planned = 6 ok \+ 0 rejected/)
  const again = JSON.parse((await inFolder('run', 'spend', '--rescore', earlier, '--json')).stdout)
  assert.equal(again.unchanged, true)
  const shown = await inFolder('runs', 'show', again.run)
  assert.ok(shown.stdout.includes(told), shown.stdout)
  assert.ok(shown.stdout.includes(`failed and missing keys of run ${earlier}`), shown.stdout)
  const { lineage, report } = JSON.parse((await inFolder('runs', 'show', again.run, '--json')).stdout)
  assert.deepEqual(lineage.rescored, { run: earlier, only: ['failed', 'missing'], origins: [earlier] })
  assert.deepEqual(report.rescored.rows, { failed: 3, missing: 1, taken: 2 })
  await inFolder('runs', 'show', again.run, '--html', 'run.html')
  assert.ok(readFileSync(join(folder, 'run.html'), 'utf8').includes(told))
  const answer = JSON.parse((await inFolder('get', 'spend', '1', '--json')).stdout)
  assert.deepEqual([answer.run, answer.asOf], [again.run, '2026-03-10T12:00:00.000000Z'])
})

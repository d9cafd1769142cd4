/** `prescore check` as a process: what is found, and the next command. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { CONFIG, changed, makeShop, removeShop } from '../batch/shop.ts'
import { prescore } from './process.ts'

let folder: string

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

const inFolder = (...args: readonly string[]) => prescore(args, { cwd: folder })

test('check: what is found, as words and as JSON', async () => {
  const [words, data] = await Promise.all([inFolder('check'), inFolder('check', '--json')])
  assert.match(
    words.stdout,
    /warning duplicate_keys at sources\.orders\.id\n {4}found {5}3 of 403 rows repeat an id\n(.*\n)*0 errors, \d warnings?\./,
  )
  const { ok, problems } = JSON.parse(data.stdout) as { ok: boolean; problems: { severity: string }[] }
  assert.equal(ok, true)
  // The orders end years before whatever now is.
  assert.match(
    words.stdout,
    /\nThe newest event of orders was known at 2026-03-10T13:06:00Z, and its windows reach back 7 d: as of now they are empty\.\nNext: prescore run spend --as-of 2026-03-10T14:00:00Z\n$/,
  )
  assert.deepEqual([...new Set(problems.map(({ severity }) => severity))], ['warning'])
  const broken = join(folder, 'broken.ts')
  writeFileSync(broken, changed(changed(CONFIG, "amount: 'float64'", "amount: 'int64'"), 'model.onnx', 'missing.onnx'))
  const both = JSON.parse((await inFolder('check', '--json', '--project', broken)).stdout) as { ok: boolean; problems: { code: string }[] }
  assert.equal(both.ok, false)
  assert.deepEqual(
    both.problems
      .map(({ code }) => code)
      .sort()
      .filter(code => code !== 'duplicate_keys'),
    ['column_type', 'model_unreadable'],
  )
})

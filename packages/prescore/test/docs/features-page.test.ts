/** Each row of the tables of docs/features.md is a case: from files and from live state, it gives what the page says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { type Computed, Ground } from './cases/ground.ts'
import { casesOf } from './cases/read.ts'

const cases = casesOf(readFileSync(join(resolve(import.meta.dirname, '../../../..'), 'docs/features.md'), 'utf8'))
let ground: Ground
before(async () => {
  ground = await Ground.open()
})
after(() => ground.close())

test('the page has cases of every aggregate', () => {
  const names = new Set(cases.map(({ feature }) => /^f\.(\w+)\(/.exec(feature)?.[1]))
  const all = ['count', 'sum', 'mean', 'share', 'std', 'min', 'max', 'first', 'last', 'current', 'mode', 'distinct', 'timeSinceLast']
  assert.deepEqual(
    all.filter(name => !names.has(name)),
    [],
  )
  assert.ok(cases.length > 100, `${cases.length} cases`)
})

test('every case gives what it says', async () => {
  const computed = await ground.compute(cases)
  const wrong = cases.flatMap((one, i) => {
    const { served, corrected } = computed[i] as Computed
    if (served.every(text => text === one.served) && corrected.every(text => text === one.corrected)) return []
    return [`docs/features.md:${one.line}: ${one.feature} gives ${served.join(' / ')}; corrected ${corrected.join(' / ')}`]
  })
  assert.deepEqual(wrong, [])
})

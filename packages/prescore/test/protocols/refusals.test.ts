/**
 * Every error of both protocols: what is sent, and what comes back. The whole is `refusals.txt`, which is read by people: a change of
 * it is a change of what clients are told. `PRESCORE_GOLDEN=write` writes it anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ERRORS, type ErrorCode } from '../../src/base/index.ts'
import type { Asked } from './asked.ts'
import { countBranches, unthrown } from './refusals/branches.ts'

const GOLDEN = join(import.meta.dirname, 'refusals.txt')
const PROTOCOLS = join(import.meta.dirname, '../../src/server/protocols')

// Code that was loaded before is not counted.
const session = await countBranches()
const { refusingHouse } = await import('./refusals/house.ts')
const { refuse } = await import('./refusals/refusal.ts')
const { OPEN_INFERENCE } = await import('./refusals/open-inference.ts')
const { TF_SERVING } = await import('./refusals/tf-serving.ts')
const house = await refusingHouse()
after(() => house.close())

test('each refusal is in the shape of its protocol, and says what was wrong', async t => {
  const sections: string[] = []
  for (const [group, refusals] of Object.entries({ ...OPEN_INFERENCE, ...TF_SERVING })) {
    sections.push(`${'='.repeat(8)} ${group} ${'='.repeat(8)}`)
    for (const refusal of refusals) {
      const { asked, text } = await refuse(house, refusal)
      await t.test(`${group}: ${refusal.title}`, () => assertTeaches(asked))
      sections.push(`-- ${refusal.title}\n${text}`)
    }
  }
  const golden = `${sections.join('\n\n')}\n`
  if (process.env.PRESCORE_GOLDEN === 'write') writeFileSync(GOLDEN, golden)
  else assert.equal(golden, readFileSync(GOLDEN, 'utf8'), 'read what changed, then run this test with PRESCORE_GOLDEN=write')
})

test('the table has a request for each place that refuses one', async () => {
  const places = await unthrown(session, PROTOCOLS)
  // Who has left gets no answer: `test/server/leaving.test.ts`.
  assert.deepEqual(
    places.filter(place => !place.includes("'cancelled'")),
    [],
  )
})

test('only what is ours was told to the operator', () => {
  assert.deepEqual(
    new Set(house.defects.map(({ code }) => code)),
    new Set(['store_unreadable', 'value_not_finite', 'model_failed', 'internal']),
  )
})

/** A code of the table with its status, the retry where it helps, and words; nothing of ours. A status answers 200, and tells in its body. */
function assertTeaches({ status, headers, text, json }: Asked): void {
  assert.equal(headers['content-type'], 'application/json')
  assert.doesNotMatch(text, /\\n +at |node:internal|node_modules|file:\/\/|\/src\/|\[object|undefined/)
  if (status === 200) {
    assert.equal((json() as { ready: boolean }).ready, false)
    return
  }
  const { error, code, ...more } = json() as { error: string; code: ErrorCode }
  assert.deepEqual([ERRORS[code]?.status, more], [status, {}])
  assert.equal(headers['retry-after'] !== undefined, status === 503)
  assert.match(error, /^\S.{10,}/)
}

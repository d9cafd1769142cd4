/** Every combination of what the steps of every order may come to, against the rule said naively. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decide, type Outcome } from '../../src/resolve/decide.ts'
import { PREFERENCES, type StepName, stepOrder } from '../../src/resolve/index.ts'
import { WHAT_IF_ORDER } from '../../src/resolve/policy.ts'

const OUTCOMES: readonly Outcome[] = ['fits', 'degraded', 'none']
const ORDERS = (['batch', 'live', 'hybrid'] as const).flatMap(mode =>
  PREFERENCES.map(preference => [`${mode}, preferring ${preference}`, stepOrder(mode, preference)] as const),
)

/** All that the steps of an order may come to. */
function combinations(steps: number): Outcome[][] {
  if (steps === 0) return [[]]
  return combinations(steps - 1).flatMap(before => OUTCOMES.map(outcome => [...before, outcome]))
}

/** What is asked in turn, and what is taken in the end, of steps that come to these outcomes. */
function walked(
  order: readonly StepName[],
  outcomes: readonly Outcome[],
): { asked: StepName[]; taken: StepName | undefined; degraded: boolean } {
  const asked: StepName[] = []
  for (;;) {
    const action = decide(order, outcomes.slice(0, asked.length))
    if (action.do === 'fail') return { asked, taken: undefined, degraded: false }
    if (action.do === 'take') return { asked, taken: order[action.step], degraded: action.degraded }
    assert.equal(action.step, asked.length, 'steps are asked in their order, each once')
    asked.push(order[action.step] as StepName)
  }
}

for (const [name, order] of [...ORDERS, ['a what-if', WHAT_IF_ORDER] as const]) {
  const all = combinations(order.length)
  test(`${name}: ${all.length} combinations`, () => {
    for (const outcomes of all) {
      const { asked, taken, degraded } = walked(order, outcomes)
      const said = `${order.map((step, i) => `${step} ${outcomes[i]}`).join(', ')}`
      const firstFit = order.find((_, i) => outcomes[i] === 'fits')
      const firstDegraded = order.find((_, i) => outcomes[i] === 'degraded')
      assert.equal(taken, firstFit ?? firstDegraded, said)
      assert.deepEqual(asked, firstFit === undefined ? order : order.slice(0, order.indexOf(firstFit) + 1), said)
      const liveAt = order.indexOf('live')
      const liveFailedBefore = firstFit !== undefined && liveAt !== -1 && liveAt < order.indexOf(firstFit)
      assert.equal(degraded, taken !== undefined && (firstFit === undefined || liveFailedBefore), said)
    }
  })
}

test('what is within the policy is never called degraded in batch', () => {
  const order = stepOrder('batch', 'store')
  for (const outcomes of combinations(order.length)) {
    const { taken, degraded } = walked(order, outcomes)
    if (taken !== undefined && outcomes[order.indexOf(taken)] === 'fits') assert.equal(degraded, false)
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { Breaker } from '../../src/resolve/breaker.ts'

const FAILED = new PrescoreError('model_failed', { where: 'late.onnx' })

function at(): { breaker: Breaker; pass(ms: number): void } {
  let nowMs = 0
  return {
    breaker: new Breaker(() => nowMs),
    pass: ms => {
      nowMs += ms
    },
  }
}

/** Fails as often as it takes. */
function open({ breaker, pass }: ReturnType<typeof at>): void {
  for (let i = 0; i < 4; i++) breaker.failed(FAILED)
  pass(500)
  breaker.failed(FAILED)
}

test('after five failures in a row, over half a second, it is open, and says the last one', () => {
  const { breaker, pass } = at()
  for (let i = 0; i < 3; i++) breaker.failed(FAILED)
  pass(500)
  breaker.failed(FAILED)
  assert.equal(breaker.obstacle(), undefined)
  breaker.failed(FAILED)
  assert.equal(breaker.obstacle(), FAILED)
})

test('many that fail at once do not open it', () => {
  const { breaker, pass } = at()
  for (let i = 0; i < 1_000; i++) breaker.failed(FAILED)
  pass(499)
  breaker.failed(FAILED)
  assert.equal(breaker.obstacle(), undefined)
})

test('one that succeeds between them closes it', () => {
  const { breaker, pass } = at()
  for (let i = 0; i < 20; i++) {
    pass(300)
    breaker.failed(FAILED)
    if (i % 3 === 0) breaker.succeeded()
    assert.equal(breaker.obstacle(), undefined)
  }
})

test('when the pause is over, one request tries and those beside it do not', () => {
  const made = at()
  const { breaker, pass } = made
  open(made)
  pass(999)
  assert.equal(breaker.obstacle(), FAILED)
  pass(1)
  assert.equal(breaker.obstacle(), undefined)
  assert.equal(breaker.obstacle(), FAILED)
  breaker.succeeded()
  assert.equal(breaker.obstacle(), undefined)
})

test('a try that fails begins the pause again', () => {
  const made = at()
  const { breaker, pass } = made
  open(made)
  pass(1_000)
  assert.equal(breaker.obstacle(), undefined)
  pass(500)
  breaker.failed(FAILED)
  pass(999)
  assert.equal(breaker.obstacle(), FAILED)
  pass(1)
  assert.equal(breaker.obstacle(), undefined)
})

test('what is wrong with a request does not open it', () => {
  const { breaker, pass } = at()
  for (const code of ['missing_input', 'overloaded', 'not_ready', 'lossy_cast', 'feature_out_of_range', 'value_not_finite'] as const)
    for (let i = 0; i < 10; i++) {
      pass(100)
      breaker.failed(new PrescoreError(code))
    }
  assert.equal(breaker.obstacle(), undefined)
})

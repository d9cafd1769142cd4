import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { type Figure, inTurns, main, median, suite } from '../harness.ts'

suite({
  name: 'made-up',
  about: 'figures that are known beforehand',
  async *run(say) {
    say('measuring nothing')
    yield { figure: 'rate', unit: 'req/s', ours: [80, 120, 100], limit: [210, 190, 200], goal: 0.7, better: 'higher' }
    yield { figure: 'size', unit: 'bytes', ours: [40], goal: 60, better: 'lower' }
  },
})

/** What is printed on stdout, and the exit code. */
async function printed(...args: string[]): Promise<{ lines: string[]; code: number }> {
  const log = mock.method(console, 'log', () => {})
  const error = mock.method(console, 'error', () => {})
  try {
    const code = await main(args)
    return { code, lines: log.mock.calls.map(({ arguments: [line] }) => String(line)) }
  } finally {
    log.mock.restore()
    error.mock.restore()
  }
}

test('a median is the middle, or between the two middle ones', () => {
  assert.equal(median([9, 1, 5]), 5)
  assert.equal(median([9, 1, 5, 6]), 5.5)
  assert.equal(median([2]), 2)
})

test('ours and limit take turns', async () => {
  const order: string[] = []
  const note = (what: string) => async () => order.push(what)
  const { ours, limit } = await inTurns(3, note('ours'), note('limit'))
  assert.deepEqual(order, ['ours', 'limit', 'ours', 'limit', 'ours', 'limit'])
  assert.deepEqual(
    [ours, limit],
    [
      [1, 3, 5],
      [2, 4, 6],
    ],
  )
})

test('--json prints one figure a line', async () => {
  const { lines, code } = await printed('made-up', '--json')
  assert.equal(code, 0)
  assert.deepEqual(
    lines.map(line => JSON.parse(line) as Figure),
    [
      { suite: 'made-up', figure: 'rate', unit: 'req/s', ours: 100, limit: 200, ratio: 0.5, goal: 0.7, better: 'higher', spread: 0.4 },
      { suite: 'made-up', figure: 'size', unit: 'bytes', ours: 40, limit: null, ratio: null, goal: 60, better: 'lower', spread: 0 },
    ],
  )
})

test('without --json, a table', async () => {
  const { lines } = await printed()
  assert.deepEqual(
    lines[0]?.split('\n').map(line => line.split(/ {2,}/)),
    [
      ['figure', 'unit', 'ours', 'limit', 'ratio', 'goal', 'better', 'spread'],
      ['rate', 'req/s', '100', '200', '0.5', '0.7', 'higher', '40 %'],
      ['size', 'bytes', '40', '60', 'lower', '0 %'],
    ],
  )
})

test('an unknown suite or option is wrong use', async () => {
  assert.deepEqual(await printed('nothing'), { code: 2, lines: [] })
  assert.deepEqual(await printed('made-up', '--fast'), { code: 2, lines: [] })
})

/** Gates over values: their range, constant ones, a shift against what is served, statements, rejected rows; warnings and force. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { App } from '../../src/app.ts'
import { binOf, chanceIndex, distributionOf, stabilityIndex } from '../../src/batch/gates/shift.ts'
import { type GateResult, runBatch } from '../../src/batch/index.ts'
import { SortedRuns } from '../../src/batch/sorted-runs.ts'
import { AS_OF_US, CONFIG, changed, makeShop, removeShop } from './shop.ts'

let folder: string
const HOUR_US = 3_600_000_000
const WEEK_US = 7 * 24 * HOUR_US

before(async () => {
  folder = await makeShop()
})
after(() => removeShop(folder))

let counter = 0
async function withGates(
  gates: string,
  state: string,
  request: { asOfUs?: number; publish?: 'gated' | 'never' | 'force' } = {},
  config = CONFIG,
) {
  const project = join(folder, `gates${counter++}.ts`)
  writeFileSync(project, changed(config, 'coverage: 0.9', gates))
  const app = await App.open({ project, state: join(folder, state), threads: 1 })
  try {
    const note = { who: 'ann', reason: 'a test' }
    const outcome = await runBatch(await app.place(), {
      prediction: 'spend',
      asOfUs: AS_OF_US,
      threads: 1,
      publish: 'gated',
      note,
      ...request,
    })
    const { catalog } = app.store()
    return { ...outcome, served: catalog.pointer('spend')?.run, record: catalog.getRun(outcome.run) }
  } finally {
    await app.close()
  }
}

const told = (gates: readonly GateResult[], name: string) => {
  const found = gates.find(({ gate }) => gate === name)
  return found === undefined ? undefined : `${found.passed ? 'passed' : found.level}: ${found.found}; ${found.expected}`
}

test('range, constant and statements: found, and the limits', async () => {
  const cases: readonly (readonly [gates: string, name: string, words: RegExp])[] = [
    ['range: { least: 0 }', 'range', /^passed: values from \d+ to \d+; at least 0$/],
    ['range: { greatest: 1e9 }', 'range', /^block: values from \d+ to \d+; at most 1000000000$/],
    ['range: { least: 0, greatest: 1 }', 'range', /; at least 0, at most 1$/],
    ['constant: false', 'constant', /^passed: several values/],
    [
      "sql: { few: 'SELECT * FROM run WHERE value > 0 LIMIT 3' }",
      'sql.few',
      /^block: 3 rows, such as \{"key_customer":"c0","value":.*\}; no rows$/,
    ],
    ["sql: { none: 'SELECT * FROM run WHERE value < 0;' }", 'sql.none', /^passed: no rows; no rows$/],
    ["sql: { first: 'SELECT count(*) FROM published HAVING count(*) > 0' }", 'sql.first', /^passed: no rows/],
    ["sql: { said: 'SELECT * FROM run WHERE value < 0 -- none is' }", 'sql.said', /^passed: no rows/],
    ["sql: { bad: 'SELECT nothing FROM run' }", 'sql.bad', /^block: a statement that fails: Binder Error: .*nothing.* not found/],
    ["sql: { bad: 'SELECT nothing FROM run' }, warn: ['sql.bad']", 'sql.bad', /^warn: a statement that fails/],
    ['fn: { many: run => run.rows > 3 && run.ok === run.rows && run.published === null }', 'fn.many', /^passed: true; true$/],
    ["fn: { low: ({ values }) => values.mean < 0 || 'the mean is ' + Math.sign(values.mean) }", 'fn.low', /^block: the mean is 1; true$/],
    ['fn: { no: () => false }', 'fn.no', /^block: false; true$/],
    ['fn: { odd: run => run.missing.largest }', 'fn.odd', /^block: a function that gives number; true$/],
    ['fn: { bad: run => run.nothing.here }', 'fn.bad', /^block: a function that fails: Cannot read.*; true$/],
    ["fn: { bad: run => run.nothing.here }, warn: ['fn.bad']", 'fn.bad', /^warn: a function that fails/],
    ['rejected: { model_failed: 0 }', 'rejected.model_failed', /^passed: 0\.00 % of 31 rows are rejected so; at most 0 %$/],
  ]
  for (const [gates, name, words] of cases) {
    const { report, state } = await withGates(`coverage: 1, ${gates}`, 'values', { publish: 'never' })
    assert.match(String(told(report.gates, name)), words, gates)
    assert.equal(state, told(report.gates, name)?.startsWith('block') ? 'gated' : 'staged', gates)
  }
})

test('one value for all keys: a warning, refused, or meant', async () => {
  const same = changed(
    CONFIG,
    '{ orders: s.join.own.orders, total: s.join.own.total, largest: s.join.own.largest, hour',
    '{ a: s.asOf.hourOfDay(), b: s.asOf.hourOfDay(), c: s.asOf.hourOfDay(), hour',
  )
  const states: (string | undefined)[] = []
  for (const gates of ['coverage: 1', 'coverage: 1, constant: false', 'coverage: 1, constant: true']) {
    const { state, report } = await withGates(gates, 'constant', { publish: 'never' }, same)
    states.push(`${state} ${told(report.gates, 'constant')}`)
  }
  assert.deepEqual(states, [
    'staged warn: one value for all 31 keys; values that differ',
    'gated block: one value for all 31 keys; values that differ',
    'staged undefined',
  ])
})

test('shift: against the run that is served, with what chance may give; statements see it too', async () => {
  const first = await withGates('coverage: 1, shift: 0.1', 'shift', { asOfUs: AS_OF_US - HOUR_US })
  assert.match(String(told(first.report.gates, 'shift')), /^passed: nothing that is served to compare with/)
  const near = await withGates('coverage: 1, shift: 0.1', 'shift', { publish: 'never' })
  assert.match(
    String(told(near.report.gates, 'shift')),
    /^block: a stability index of \d.* against run [0-9a-f]{12} \(31 and 31 values, \d+ bins\); at most 0\.1, and [\d.]+ by chance with so few rows$/,
  )
  // A week of nothing before: everybody has the value of no orders.
  const far = await withGates(
    "coverage: 1, shift: 0.1, sql: { both: 'SELECT * FROM run JOIN published USING (key_customer) LIMIT 1' }",
    'shift',
    {
      asOfUs: AS_OF_US + 8 * WEEK_US,
    },
  )
  assert.match(String(told(far.report.gates, 'shift')), /^block: a stability index of \d/)
  assert.match(String(told(far.report.gates, 'sql.both')), /^block: 1 row/)
  assert.deepEqual([far.state, far.served], ['gated', first.run])
})

test('force: published whatever the gates say, with who and why; never without', async () => {
  const gated = await withGates('coverage: 1, range: { greatest: 1 }', 'force')
  assert.deepEqual([gated.state, gated.served], ['gated', undefined])
  const forced = await withGates('coverage: 1, range: { greatest: 1 }', 'force', { publish: 'force' })
  assert.deepEqual([forced.run, forced.state, forced.served], [gated.run, 'published', gated.run])
  assert.deepEqual(
    forced.record.serving?.map(({ state, who, reason }) => [state, who, reason]),
    [['published', 'ann', 'a test']],
  )
  assert.equal(forced.report.gates.find(({ gate }) => gate === 'range')?.passed, false)
})

/** Numbers of a normal distribution, from a seed. */
function normal(seed: number): () => number {
  let state = seed >>> 0
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state + 0.5) / 2 ** 32
  }
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
}

test('what chance is given is what chance does: about 1 % of equal samples lie above, and a real shift does', () => {
  const draw = normal(20260310)
  const sample = (rows: number, by = 0) => Float64Array.from({ length: rows }, () => draw() + by).sort()
  for (const [rows, before] of [
    [100, 10_000],
    [500, 500],
    [2_000, 10_000],
  ] as const) {
    const exceeds = (by: number) => {
      const reference = distributionOf(SortedRuns.of(sample(before)))
      const counts = new Array<number>(reference.counts.length).fill(0)
      for (const value of sample(rows, by)) (counts[binOf(reference.edges, value)] as number)++
      return stabilityIndex(counts, reference.counts) > chanceIndex(rows, before, counts.length)
    }
    const share = (by: number, rounds: number) => Array.from({ length: rounds }, () => exceeds(by)).filter(Boolean).length / rounds
    const alarms = share(0, 400)
    assert.ok(alarms < 0.04, `${rows} rows: ${alarms} false alarms`)
    assert.ok(share(0.6, 50) > 0.9, `${rows} rows: a shift of 0.6 standard deviations is seen`)
  }
})

test('a distribution counts every value, in the bin that a search by hand finds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, min: -5, max: 5 }).map(Math.round), { minLength: 1, maxLength: 200 }),
      list => {
        const { edges, counts } = distributionOf(SortedRuns.of(Float64Array.from(list).sort()))
        const byHand = new Array<number>(edges.length + 1).fill(0)
        for (const value of list) {
          const found = edges.findIndex(edge => value <= edge)
          ;(byHand[found === -1 ? edges.length : found] as number)++
        }
        assert.deepEqual(counts, byHand)
        assert.equal(stabilityIndex(counts, counts), 0)
        assert.deepEqual(
          edges,
          [...new Set(edges)].sort((a, b) => a - b),
        )
      },
    ),
  )
})

test("a user's function sees the run that is served, and is refused where it looks elsewhere", async () => {
  const first = await withGates('coverage: 0.9, fn: { alone: run => run.published === null }', 'functions', { asOfUs: AS_OF_US - WEEK_US })
  assert.equal(first.state, 'published')
  const same = "fn: { same: ({ values, published }) => values.median === published.values.median || published.rows + ' rows before' }"
  const second = await withGates(`coverage: 0.9, ${same}`, 'functions')
  assert.match(String(told(second.report.gates, 'fn.same')), /^block: 31 rows before/)
  assert.equal(second.served, first.run)
  // Judged anew, by the function as it is now.
  const third = await withGates('coverage: 0.9, fn: { same: run => run.published !== null }', 'functions')
  assert.deepEqual([third.run, third.state], [second.run, 'published'])
  await assert.rejects(withGates('coverage: 0.9, fn: { now: run => Date.now() > 0 }', 'functions'), {
    code: 'project_invalid',
    message: /impure_function|predictions\.spend/,
  })
})

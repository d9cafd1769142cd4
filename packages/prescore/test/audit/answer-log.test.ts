/** What is noted of live answers: of which keys, within which bounds, and what happens when it cannot be written. */
import assert from 'node:assert/strict'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { AnswerLog, type AnswerLogOptions, LoggedScorer } from '../../src/audit/index.ts'
import { loggedAnswers } from '../../src/audit/log/reader.ts'
import type { LoggedAnswer } from '../../src/audit/log/record.ts'
import type { PrescoreError } from '../../src/base/index.ts'
import type { Ground, LiveRequest, LiveScore, LiveScorer } from '../../src/live/index.ts'
import { openHouse, shopFor } from '../live/house.ts'
import { StandingClock } from '../log/place.ts'
import { notedWith, segmentsOf } from './house.ts'

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescore-noted-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'answers')
}

const logOf = (folder: string, options: Partial<AnswerLogOptions> = {}) =>
  new AnswerLog({ folder, clock: new StandingClock(7), sample: 1, keepDays: 7, maxMegabytes: 10, ...options })
const GROUND = { prediction: 'p', release: 'r', sources: [{ name: 's', history: 'h', log: 'l' }] }
const answer = (n: number): Omit<LoggedAnswer, 'ground'> => ({
  atUs: n,
  asOfUs: n,
  key: { k: n },
  inputs: {},
  positions: [n],
  features: Float64Array.of(n),
  valueText: String(n),
})

async function readAll(folder: string): Promise<{ answers: LoggedAnswer[]; unreadable: number }> {
  const damage = { unreadableLines: 0 }
  const answers = await Array.fromAsync(loggedAnswers(folder, {}, damage))
  return { answers, unreadable: damage.unreadableLines }
}

test('whatever a request and its score hold comes back, to the last bit', async t => {
  const folder = folderFor(t)
  const inputValue = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.constant(null),
  )
  const noted = fc.record(
    {
      atUs: fc.maxSafeInteger(),
      asOfUs: fc.maxSafeInteger(),
      key: fc.option(
        fc.dictionary(
          fc.string().filter(name => name !== '__proto__'),
          fc.oneof(fc.string(), fc.maxSafeInteger(), fc.bigInt(2n ** 60n, 2n ** 63n)),
          { noNullPrototype: true },
        ),
        {
          nil: undefined,
        },
      ),
      inputs: fc.dictionary(
        fc.string().filter(name => name !== '__proto__'),
        inputValue,
        { noNullPrototype: true },
      ),
      positions: fc.array(fc.nat()),
      features: fc.float64Array({ maxLength: 5 }),
      valueText: fc.constantFrom('-0', '0.1', '[1,2]', '1e+300'),
    },
    { noNullPrototype: true },
  )
  const written = fc.sample(noted, 300)
  const log = logOf(folder)
  for (const each of written) log.note(GROUND, each as Omit<LoggedAnswer, 'ground'>)
  await log.close()
  const { answers, unreadable } = await readAll(folder)
  assert.equal(unreadable, 0)
  assert.equal(answers.length, written.length)
  answers.forEach(({ ground, key, features, ...rest }, i) => {
    const expected = written[i] as (typeof written)[number]
    assert.deepEqual(ground, GROUND)
    assert.deepEqual(key, expected.key)
    assert.deepEqual(new Uint8Array(features.buffer), new Uint8Array(Float64Array.from(expected.features).buffer))
    assert.deepEqual(
      { ...rest },
      {
        atUs: expected.atUs,
        asOfUs: expected.asOfUs,
        inputs: expected.inputs,
        positions: expected.positions,
        valueText: expected.valueText,
        ...('attributes' in rest ? { attributes: undefined } : {}),
      },
    )
  })
  assert.deepEqual(log.countsOf('p'), { logged: 300, dropped: 0 })
})

test('the same keys are noted everywhere, about as many as were asked for, each with all of its answers', () => {
  const taken = (share: number, requests: readonly LiveRequest[]) => {
    const noted: LiveRequest[] = []
    const log = {
      sample: share,
      clock: new StandingClock(0),
      countsOf: () => ({}),
      note: (_: unknown, each: LiveRequest) => void noted.push(each),
    }
    const scorer = { score: () => ({ valueText: '1', dataThroughUs: null, features: new Float64Array(0) }) }
    const ground = { release: { prediction: 'p', hash: 'r' }, sources: [], positions: () => [] }
    const logged = new LoggedScorer(scorer as unknown as LiveScorer, ground as unknown as Ground, log as unknown as AnswerLog)
    for (const request of requests) void logged.score(request)
    return noted
  }
  const asked = (key: LiveRequest['key'], inputs: LiveRequest['inputs'] = {}): LiveRequest => ({ key, inputs, asOfUs: 0 })
  const keys = Array.from({ length: 20_000 }, (_, i) => asked({ customer: `C-${10_000 + i}` }))
  for (const share of [0.01, 0.1, 0.5]) {
    const found = taken(share, [...keys, ...keys]).length / 2
    assert.ok(Math.abs(found - share * 20_000) < 5 * Math.sqrt(share * 20_000), `${found} of ${share * 20_000}`)
    assert.equal(Math.floor(found), found)
  }
  assert.equal(taken(1, keys).length, 20_000)
  const names = (requests: readonly LiveRequest[]) => requests.map(({ key }) => key?.customer)
  const some = names(taken(0.1, keys))
  const more = new Set(names(taken(0.2, keys)))
  assert.ok(more.size > some.length && some.every(name => more.has(name)))
  // Without a key, by inputs, whatever their order; 1 is not "1".
  const inputs = Array.from({ length: 4_000 }, (_, i) => ({ card: i, amount: 2 }))
  const first = taken(
    0.5,
    inputs.map(each => asked(undefined, each)),
  )
  const turned = taken(
    0.5,
    inputs.map(({ card, amount }) => asked(undefined, { amount, card })),
  )
  const texts = taken(
    0.5,
    inputs.map(({ card, amount }) => asked(undefined, { amount, card: String(card) })),
  )
  assert.deepEqual(
    turned.map(({ inputs }) => inputs.card),
    first.map(({ inputs }) => inputs.card),
  )
  assert.notDeepEqual(
    texts.map(({ inputs }) => Number(inputs.card)),
    first.map(({ inputs }) => inputs.card),
  )
  assert.ok(Math.abs(first.length - 2_000) < 160, String(first.length))
})

test('the room on disk is bounded: the oldest goes first; so is the time', async t => {
  const folder = folderFor(t)
  for (let i = 0; i < 12; i++) {
    const log = logOf(folder, { maxMegabytes: 1 })
    const long = { ...answer(i), features: new Float64Array(4_000).fill(Math.PI) }
    for (let n = 0; n < 8; n++) log.note(GROUND, long)
    await log.close()
  }
  const segments = globSync(join(folder, '*.ndjson'))
  const bytes = segments.reduce((sum, file) => sum + statSync(file).size, 0)
  assert.ok(bytes <= 1_000_000 + 350_000 && segments.length < 12, `${bytes} bytes in ${segments.length}`)
  const kept = (await readAll(folder)).answers.map(({ atUs }) => atUs)
  assert.deepEqual([...new Set(kept)].at(-1), 11)
  assert.ok(!kept.includes(0))
  const longAgo = new Date(Date.now() - 8 * 86_400_000)
  for (const file of segments) utimesSync(file, longAgo, longAgo)
  const log = logOf(folder)
  log.note(GROUND, answer(99))
  await log.close()
  assert.deepEqual(
    (await readAll(folder)).answers.map(({ atUs }) => atUs),
    [99],
  )
})

test('where many wait, they are written before their time', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const log = logOf(folderFor(t))
  for (let i = 0; i < 1_024; i++) log.note(GROUND, answer(i))
  while (log.countsOf('p').logged < 1_024) await turn()
  await log.close()
})

test('what comes faster than it is written is dropped and counted', async t => {
  const folder = folderFor(t)
  const log = logOf(folder)
  for (let i = 0; i < 10_500; i++) log.note(GROUND, answer(i))
  assert.deepEqual(log.countsOf('p'), { logged: 0, dropped: 500 })
  await log.close()
  assert.deepEqual(log.countsOf('p'), { logged: 10_000, dropped: 500 })
  assert.equal((await readAll(folder)).answers.length, 10_000)
})

test('a disk that takes nothing keeps nobody from an answer: it is told once, counted, and tried again', async t => {
  const folder = await shopFor(t, { config: notedWith('sample: 1') })
  const blocked = join(folder, '.prescore/audit/answers')
  mkdirSync(join(folder, '.prescore/audit'), { recursive: true })
  writeFileSync(blocked, 'in the way')
  const told: PrescoreError[] = []
  const house = await openHouse(t, folder, { onUnlogged: error => void told.push(error) })
  const noted = async (dropped: number, logged: number) => {
    while (house.app.loggedCounts('spend')!.dropped < dropped || house.app.loggedCounts('spend')!.logged < logged)
      await new Promise(done => setTimeout(done, 20))
  }
  assert.equal((await house.answer('c0')).source, 'live')
  await noted(1, 0)
  assert.equal((await house.answer('c1')).source, 'live')
  await noted(2, 0)
  assert.deepEqual(
    told.map(({ code }) => code),
    ['file_unwritable'],
  )
  rmSync(blocked)
  await house.answer('c2')
  await noted(2, 1)
  assert.equal(segmentsOf(folder).length, 1)
  assert.match(readFileSync(segmentsOf(folder)[0]!, 'utf8'), /"c2"/)
})

test('nothing is noted where it is not wanted, and nothing stands before the scorer', async t => {
  for (const config of [undefined, notedWith('sample: 0')]) {
    const folder = await shopFor(t, config === undefined ? {} : { config })
    const house = await openHouse(t, folder)
    await house.answer('c0')
    assert.equal(house.live.seats.get('spend')?.scorer() instanceof LoggedScorer, false)
    await house.close()
    assert.deepEqual(segmentsOf(folder), [])
  }
})

test('a refused request is not noted, and an answer is given as the scorer gives it', async () => {
  const log = { sample: 1, clock: new StandingClock(0), countsOf: () => ({}), note: () => assert.fail('noted') }
  const ground = { release: { prediction: 'p', hash: 'r' }, sources: [], positions: () => [] }
  const logged = (score: () => unknown) =>
    new LoggedScorer({ score } as unknown as LiveScorer, ground as unknown as Ground, log as unknown as AnswerLog)
  const request: LiveRequest = { key: undefined, inputs: {}, asOfUs: 0 }
  const refused = () => {
    throw new RangeError('refused')
  }
  assert.throws(() => logged(refused).score(request), RangeError)
  await assert.rejects(Promise.resolve(logged(async () => refused()).score(request)), RangeError)
  const score: LiveScore = { valueText: '1', dataThroughUs: null, features: new Float64Array(1) }
  const quiet = new LoggedScorer(
    { score: () => score } as unknown as LiveScorer,
    ground as unknown as Ground,
    { ...log, note: () => {} } as unknown as AnswerLog,
  )
  assert.equal(quiet.score(request), score)
})

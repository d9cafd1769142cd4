/**
 * No answer is ever fresher or surer than it says: over clocks that jump and step back, ages, lags, bounds, failures of the store and
 * of the live half, and promises that take their time, for every mode and preference.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ErrorCode, PrescoreError, parseInstantUs } from '../../src/base/index.ts'
import type { Inputs } from '../../src/project/index.ts'
import { type Answer, type AnswerOptions, answerJson, answerObject } from '../../src/resolve/index.ts'
import { RUNS } from '../features/arbitraries.ts'
import { type Ask, DEFAULT_VALUE, policies, SECOND_US, step, World } from './world.ts'

/** What is wrong with the request: it may be told in the place of any answer. */
const REFUSALS: readonly ErrorCode[] = ['as_of_out_of_range', 'invalid_input', 'invalid_attribute', 'invalid_key']

async function ask(world: World, { customer, prefer, maxAgeSeconds, asOfBackUs, amount, isWhatIf, behaviour }: Ask): Promise<void> {
  world.behaviour = behaviour
  world.liveOutcome = 'not asked'
  const askedAtUs = world.nowUs
  const rowInputs = world.rowInputs(customer)
  const canWhatIf = isWhatIf && world.prediction.policy.mode !== 'batch'
  const options: AnswerOptions = {
    ...(prefer === undefined ? {} : { prefer }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }),
    ...(asOfBackUs === undefined || asOfBackUs === 0 ? {} : { asOfUs: askedAtUs - asOfBackUs }),
    ...(amount === undefined || !world.takesInputs ? {} : { inputs: { amount } }),
    ...(canWhatIf ? { attributes: {} } : {}),
  }
  try {
    const parts = await world.resolver.answer({ customer }, options)
    const answer = answerObject(parts)
    assert.deepEqual(JSON.parse(answerJson(parts)), answer)
    check(world, answer, { customer, options, askedAtUs, rowInputs, storeFailed: behaviour.storeFails })
  } catch (error) {
    if (!(error instanceof PrescoreError)) throw error
    const { policy } = world.prediction
    if (policy.default !== undefined) assert.ok(REFUSALS.includes(error.code), `${error.code} in the place of a default`)
    if (error.code === 'as_of_out_of_range' && options.asOfUs === undefined) assert.equal(policy.default, undefined)
  } finally {
    world.behaviour = undefined
  }
}

interface Asked {
  readonly customer: string
  readonly options: AnswerOptions
  readonly askedAtUs: number
  readonly rowInputs: Inputs
  readonly storeFailed: boolean
}

function check(world: World, answer: Answer, asked: Asked): void {
  const { degraded, reason, source } = answer
  assert.equal(degraded, reason !== undefined)
  assert.equal((answer.key as { customer: string }).customer, asked.customer)
  checkAge(world, answer, asked)
  checkOrigin(world, answer, asked)
  if (!degraded) checkPolicy(world, answer, asked)
  if (source === 'stale' || source === 'default') assert.equal(degraded, true)
  // What is remembered comes before the live step unless that is preferred, and only looks which release answers.
  const isBefore = source === 'memory' && asked.options.prefer !== 'live'
  const failed = !isBefore && world.liveOutcome !== 'not asked' && world.liveOutcome !== 'answered'
  if (failed) assert.equal(degraded, true, `the live step failed with ${world.liveOutcome}`)
  if (world.liveOutcome === 'answered' && source !== 'live') assert.equal(degraded, true, 'the live answer lags')
  assert.equal(answer.whatIf, asked.options.attributes === undefined ? undefined : true, source)
}

/** Of an answer that was waited for, ages are exact to a second. */
function slackUs(world: World, { askedAtUs }: Asked): number {
  return world.nowUs > askedAtUs ? SECOND_US - 1 : 0
}

function checkAge(world: World, { asOf, ageSeconds, source }: Answer, asked: Asked): void {
  if (source === 'default') {
    assert.deepEqual([asOf, ageSeconds], [null, null])
    return
  }
  const trueUs = Math.max(world.nowUs, asked.askedAtUs) - us(asOf)
  const statedUs = (ageSeconds as number) * SECOND_US
  assert.ok(Number.isInteger(ageSeconds) && (ageSeconds as number) >= 0)
  assert.ok(statedUs >= trueUs - slackUs(world, asked), `${source}: it says ${statedUs} µs, and is ${trueUs} µs old`)
  assert.ok(statedUs < Math.max(0, trueUs) + SECOND_US, `${source}: it says ${statedUs} µs, and is only ${trueUs} µs old`)
}

/** The value is what its source has for this request, as of the moment that it states. */
function checkOrigin(world: World, answer: Answer, { customer, options, rowInputs, storeFailed, askedAtUs }: Asked): void {
  const value = answer.value as number
  const { asOfUs = askedAtUs } = options
  switch (answer.source) {
    case 'override': {
      const found = world.overrides.get(customer)
      assert.deepEqual([value, us(answer.asOf), answer.computedBy], [found?.value, found?.setAtUs, 'human'])
      assert.ok((found?.expiresAtUs as number) > askedAtUs)
      return
    }
    case 'store':
    case 'stale': {
      const run = world.runs.get(answer.run as string)
      assert.deepEqual([value, us(answer.asOf), throughOf(answer)], [run?.value, run?.asOfUs, run?.throughUs])
      assert.equal(world.store.catalog.pointer('late')?.run, answer.run)
      if (options.asOfUs !== undefined) assert.ok((run?.asOfUs as number) <= options.asOfUs)
      if (options.inputs !== undefined) assert.deepEqual(options.inputs, rowInputs)
      return
    }
    case 'live':
    case 'memory': {
      const score = world.scores.get(value)
      assert.ok(score !== undefined, `${answer.source} ${value}`)
      const through = score.throughUs === Number.NEGATIVE_INFINITY ? null : score.throughUs
      assert.deepEqual([score.customer, us(answer.asOf), throughOf(answer)], [customer, score.asOfUs, through])
      assert.deepEqual([answer.release, answer.run, answer.computedBy], ['live', null, 'live'])
      assert.ok(score.asOfUs <= asOfUs)
      if (answer.source === 'memory') assert.equal(score.isWhatIf, false)
      else {
        assert.equal(value, 30_000 + world.scores.size - 1)
        assert.equal(score.asOfUs, asOfUs)
        if (!storeFailed && options.attributes === undefined)
          assert.deepEqual(score.inputs, world.takesInputs ? { ...rowInputs, ...options.inputs } : {})
      }
      if (options.inputs !== undefined) assert.equal(score.inputs.amount, options.inputs.amount)
      return
    }
    default:
      assert.deepEqual([value, answer.release, answer.run, answer.dataThrough, answer.computedBy], [DEFAULT_VALUE, null, null, null, null])
  }
}

function checkPolicy(world: World, answer: Answer, asked: Asked): void {
  const { policy } = world.prediction
  const { options, askedAtUs } = asked
  const presentUs = Math.max(world.nowUs, askedAtUs)
  const maxAgeUs = options.maxAgeSeconds === undefined ? policy.maxAgeUs : options.maxAgeSeconds * SECOND_US
  if (maxAgeUs !== undefined && (answer.source === 'store' || answer.source === 'memory')) {
    const ageUs = (options.asOfUs ?? presentUs) - us(answer.asOf)
    assert.ok(ageUs <= maxAgeUs + slackUs(world, asked), `${answer.source}: ${ageUs} µs old; max age is ${maxAgeUs}`)
  }
  if (policy.maxLagUs !== undefined && answer.computedBy === 'live') {
    assert.notEqual(answer.dataThrough, null)
    const lagUs = presentUs - us(answer.dataThrough)
    assert.ok(lagUs <= policy.maxLagUs + slackUs(world, asked), `${answer.source}: ${lagUs} µs behind; max lag is ${policy.maxLagUs}`)
  }
  if (answer.source === 'memory')
    assert.ok(
      presentUs - us(answer.asOf) <= (policy.rememberUs as number) + slackUs(world, asked) + (askedAtUs - (options.asOfUs ?? askedAtUs)),
    )
}

const us = (text: string | null): number => parseInstantUs(text as string) as number
const throughOf = ({ dataThrough }: Answer): number | null => (dataThrough === null ? null : us(dataThrough))

test('no answer is fresher or surer than it says', async () => {
  const sources = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(
      policies,
      fc.boolean(),
      fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }),
      async (policy, takesInputs, steps) => {
        const world = new World(policy, takesInputs)
        for (const each of steps) {
          if (each.do === 'move') world.nowUs += each.us
          else if (each.do === 'publish') await world.publish(each)
          else if (each.do === 'override') world.override(each)
          else await ask(world, each)
        }
        for (const { isWhatIf } of world.scores.values()) sources.set(String(isWhatIf), 1)
      },
    ),
    { numRuns: RUNS.numRuns * 5 },
  )
  assert.deepEqual([...sources.keys()].sort(), ['false', 'true'])
})

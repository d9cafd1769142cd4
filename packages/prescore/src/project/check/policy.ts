import { CronProblem, parseCron } from '../cron.ts'
import type { PredictionDefinition } from '../types.ts'
import type { Checker } from './checker.ts'
import { checkGates } from './gates.ts'
import { checkOutputs } from './outputs.ts'

/** Policy, gates and outputs of a prediction. */
export function checkPolicy(check: Checker, prediction: PredictionDefinition, where: string): void {
  const { policy } = prediction
  check.oneOf(policy.mode, ['batch', 'live', 'hybrid'], `${where}.policy.mode`)
  checkMode(check, prediction, where)
  checkSchedule(check, prediction, `${where}.policy.schedule`)
  if (policy.default !== undefined && !isValue(policy.default.value)) {
    check.add(
      'invalid_value',
      `${where}.policy.default`,
      String(policy.default.value),
      'a finite number, several of them, or null',
      'Write null to answer with nothing; leave `default` out to answer with an error.',
    )
  }
  checkGates(check, prediction, `${where}.gates`)
  checkOutputs(check, prediction, `${where}.outputs`)
}

/** What a mode needs. */
function checkMode(check: Checker, { entity, population, policy: { mode } }: PredictionDefinition, where: string): void {
  if (mode !== 'batch' && mode !== 'hybrid') return
  const found = `mode ${mode} without ${entity === undefined ? 'an entity' : 'a population'}`
  if (entity === undefined) check.add('invalid_value', `${where}.policy.mode`, found, 'mode live: everything comes as inputs')
  else if (population === undefined)
    check.add('no_population', `${where}.population`, found, 'the rows to score ahead', 'Add `population`, or choose mode live.')
}

function checkSchedule(check: Checker, { policy: { schedule, catchUp }, zone }: PredictionDefinition, where: string): void {
  if (schedule === undefined) return
  const problem = cronProblem(schedule)
  if (problem !== undefined)
    check.add(
      'invalid_value',
      where,
      `${JSON.stringify(schedule)}: ${problem}`,
      "five cron fields, such as '0 3 * * *'",
      'Write minute, hour, day of month, month and day of week.',
    )
  if (catchUp !== undefined) check.oneOf(catchUp, ['skip', 'last', 'all'], `${where}.catchUp`)
  if (zone === undefined) check.add('zone_missing', where, 'a schedule without a zone', 'a prediction with `zone`')
}

function cronProblem(schedule: string): string | undefined {
  try {
    parseCron(schedule)
    return undefined
  } catch (error) {
    if (error instanceof CronProblem) return error.message
    throw error
  }
}

/** What JSON can hold. */
function isValue(value: unknown): boolean {
  return value === null || (Array.isArray(value) ? value.every(Number.isFinite) : Number.isFinite(value))
}

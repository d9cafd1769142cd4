import { ERRORS, suggestion } from '../../base/index.ts'
import { impurities } from '../../expressions/index.ts'
import { oneStatement } from '../statement.ts'
import type { GatesDefinition, PredictionDefinition } from '../types.ts'
import type { Checker } from './checker.ts'

export function checkGates(check: Checker, { gates, features }: PredictionDefinition, where: string): void {
  const { coverage, missing = {}, rejected = {}, sql = {}, fn = {}, warn = [] } = gates
  check.share(coverage, `${where}.coverage`)
  if (typeof missing === 'number') check.share(missing, `${where}.missing`)
  const limits = typeof missing === 'number' ? {} : missing
  sharesOf(
    check,
    limits,
    features.map(({ name }) => name),
    `${where}.missing`,
    'a feature',
  )
  sharesOf(check, rejected, Object.keys(ERRORS), `${where}.rejected`, 'a code of the table of errors')
  checkValues(check, gates, where)
  check.names(sql, `${where}.sql`)
  for (const [name, statement] of Object.entries(sql)) {
    const one = oneStatement(statement)
    if (one === undefined || one === '')
      check.add('invalid_value', `${where}.sql.${name}`, one === '' ? 'nothing' : 'several statements', 'one SELECT')
  }
  check.names(fn, `${where}.fn`)
  for (const [name, text] of Object.entries(fn)) {
    const found = impurities(text)
    if (found.length > 0) check.add('impure_function', `${where}.fn.${name}`, found.join(', '), 'a function of its argument alone')
  }
  const names = gateNames(gates)
  for (const name of warn)
    if (!names.includes(name))
      check.add('unknown_name', `${where}.warn`, `\`${name}\``, 'a gate of this prediction', suggestion(name, names))
}

function checkValues(check: Checker, { range, shift }: GatesDefinition, where: string): void {
  const { least = Number.NEGATIVE_INFINITY, greatest = Number.POSITIVE_INFINITY } = range ?? {}
  if (!(least < greatest)) check.add('invalid_value', `${where}.range`, `${least} to ${greatest}`, 'a least value below the greatest')
  if (shift !== undefined && !(shift > 0 && Number.isFinite(shift)))
    check.add('invalid_value', `${where}.shift`, String(shift), 'a number above 0, such as 0.2')
}

function sharesOf(
  check: Checker,
  limits: Readonly<Record<string, number>>,
  names: readonly string[],
  where: string,
  expected: string,
): void {
  for (const [name, limit] of Object.entries(limits)) {
    check.share(limit, `${where}.${name}`)
    if (!names.includes(name)) check.add('unknown_name', where, `\`${name}\``, expected, suggestion(name, names))
  }
}

/** The names that gates have in reports. */
function gateNames({ missing, rejected = {}, sql = {}, fn = {} }: GatesDefinition): string[] {
  const features = typeof missing === 'object' ? Object.keys(missing).map(name => `missing.${name}`) : ['missing']
  const codes = Object.keys(rejected).map(code => `rejected.${code}`)
  return [
    'coverage',
    ...features,
    ...codes,
    'range',
    'constant',
    'shift',
    ...Object.keys(sql).map(name => `sql.${name}`),
    ...Object.keys(fn).map(name => `fn.${name}`),
  ]
}

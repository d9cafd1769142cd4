/**
 * A request as plain data, as JSON gives it, read strictly: an unknown or ill-typed part is refused with what was expected.
 */
import { PrescoreError, parseInstantUs, shown, suggestion } from '../base/index.ts'
import { checkAttributes, checkInputs, checkKey, type Key, type KeyColumns } from '../project/index.ts'
import { PREFERENCES, type Preference } from './policy.ts'
import type { AnswerOptions, Resolver } from './resolver.ts'

export interface AnswerRequest {
  /** Undefined: the request names none. */
  readonly key: Key | undefined
  readonly options: AnswerOptions
}

const OPTION_NAMES = ['prefer', 'maxAgeSeconds', 'deadlineMs', 'asOf', 'explain'] as const
/** What only a body can hold. */
const BODY_NAMES = ['key', 'inputs', 'attributes'] as const
type Values = Readonly<Record<string, unknown>>
const NO_OPTIONS: AnswerOptions = Object.freeze({})

/** Key, inputs, attributes and options of a JSON object. @throws PrescoreError `invalid_request`, `invalid_key`, `invalid_input`, `invalid_attribute` */
export function bodyRequest(resolver: Resolver, value: unknown): AnswerRequest {
  const { prediction, keyColumns } = resolver
  const body = bodyObject(value)
  const { inputs, attributes } = body
  const options = optionsOf(body, BODY_NAMES, VALUES)
  const key = bodyKey(prediction.entity, keyColumns, body.key, attributes !== undefined)
  if (inputs === undefined && attributes === undefined) return { key, options }
  if (attributes === undefined) return { key, options: { ...options, inputs: checkInputs(prediction.inputs, inputs) } }
  return {
    key,
    options: {
      ...options,
      ...(inputs === undefined ? {} : { inputs: checkInputs(prediction.inputs, inputs) }),
      attributes: checkAttributes(resolver.attributes, attributes),
    },
  }
}

/** None where the prediction has no entity, or where attributes take its place. */
function bodyKey(entity: KeyColumns | undefined, columns: KeyColumns, key: unknown, isWhatIf: boolean): Key | undefined {
  if (key === undefined && (entity === undefined || isWhatIf)) return undefined
  if (entity === undefined)
    throw new PrescoreError('invalid_key', { found: 'a key', expected: 'none: the prediction has no entity, all comes as `inputs`' })
  return checkKey(columns, key === undefined ? {} : key)
}

/** A JSON object's own members. @throws PrescoreError `invalid_request` */
export function bodyObject(value: unknown): Values {
  if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Values
  throw new PrescoreError('invalid_request', { found: shown(value), expected: 'an object with `key`, or with `requests`' })
}

/** How numbers and truths are written: as texts in a query, as values in a body. Undefined: it is none. */
interface Reading {
  readonly number: (value: unknown) => number | undefined
  readonly truth: (value: unknown) => boolean | undefined
}

export const TEXTS: Reading = {
  number: value => (typeof value === 'string' && /^\d{1,16}(\.\d{1,9})?$/.test(value) ? Number(value) : undefined),
  truth: value => (value === 'true' ? true : value === 'false' ? false : undefined),
}
const VALUES: Reading = {
  number: value => (typeof value === 'number' ? value : undefined),
  truth: value => (typeof value === 'boolean' ? value : undefined),
}

/** @param beside what may stand beside them. @throws PrescoreError `invalid_request` */
export function optionsOf(values: Values, beside: readonly string[], reading: Reading): AnswerOptions {
  let hasOptions = false
  for (const name of Object.keys(values)) {
    if (OPTION_NAMES.some(option => option === name)) hasOptions = true
    else if (!beside.includes(name)) throw unknownOption(name, beside)
  }
  return hasOptions ? readOptions(values, reading) : NO_OPTIONS
}

function unknownOption(name: string, beside: readonly string[]): PrescoreError {
  const known = [...beside, ...OPTION_NAMES]
  return new PrescoreError('invalid_request', {
    found: `\`${name}\``,
    expected: `some of ${known.join(', ')}`,
    fix: suggestion(name, known),
  })
}

function readOptions(values: Values, reading: Reading): AnswerOptions {
  const { prefer, maxAgeSeconds, deadlineMs, asOf, explain } = values
  return {
    ...(prefer === undefined ? {} : { prefer: preferenceOf(prefer) }),
    ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds: atLeast(0, 'maxAgeSeconds', maxAgeSeconds, reading) }),
    ...(deadlineMs === undefined ? {} : { deadlineMs: atLeast(1, 'deadlineMs', deadlineMs, reading) }),
    ...(asOf === undefined ? {} : { asOfUs: momentOf(asOf) }),
    ...(explain === undefined ? {} : { explain: truthOf(explain, reading) }),
  }
}

function preferenceOf(value: unknown): Preference {
  const found = PREFERENCES.find(preference => preference === value)
  if (found !== undefined) return found
  throw new PrescoreError('invalid_request', { where: '`prefer`', found: shown(value), expected: PREFERENCES.join(' or ') })
}

function momentOf(value: unknown): number {
  const us = typeof value === 'string' ? parseInstantUs(value) : undefined
  if (us !== undefined) return us
  const expected = 'a time with a zone, such as "2001-06-15T03:00:00-04:00"'
  throw new PrescoreError('invalid_request', { where: '`asOf`', found: shown(value), expected })
}

function truthOf(value: unknown, { truth }: Reading): boolean {
  const found = truth(value)
  if (found !== undefined) return found
  throw new PrescoreError('invalid_request', { where: '`explain`', found: shown(value), expected: 'true or false' })
}

function atLeast(least: number, name: string, value: unknown, reading: Reading): number {
  const number = reading.number(value)
  if (number !== undefined && number >= least && number <= Number.MAX_SAFE_INTEGER) return number
  throw new PrescoreError('invalid_request', { where: `\`${name}\``, found: shown(value), expected: `a number of at least ${least}` })
}

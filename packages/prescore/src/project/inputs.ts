/**
 * Request inputs: what a caller gives beside the key, as declared. Their canonical text is the JSON of all inputs, sorted by
 * name; its digest is the **fingerprint**: a stored answer serves only requests whose inputs have the same.
 *
 * A missing value (null) is a value like another: the model sees that it is missing. An input that is not given at all takes the
 * declared default.
 */
import { createHash } from 'node:crypto'
import { formatInstant, PrescoreError, parseInstantUs, shown, suggestion, TIME_US_MAX } from '../base/index.ts'
import type { Kind } from '../expressions/index.ts'
import type { PredictionDefinition } from './types.ts'

/** Timestamps and durations are integer µs; int64 beyond ±2^53 is a bigint; null is missing. */
export type InputValue = string | number | bigint | boolean | null
export type Inputs = Readonly<Record<string, InputValue>>
export type InputKinds = Readonly<Record<string, Kind>>

/** Width of a fingerprint. */
export const FINGERPRINT_BYTES = 16
const SECOND_US = 1_000_000
const INT64_MAX = 2n ** 63n - 1n

/**
 * Inputs as JSON gives them: declared ones only, each of its kind, never coerced. Timestamps are texts with a zone, durations are
 * seconds. What is not given is not in the result.
 * @throws PrescoreError `invalid_input`
 */
export function checkInputs(kinds: InputKinds, value: unknown): Inputs {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new PrescoreError('invalid_input', { where: '`inputs`', found: shown(value), expected: `an object with ${listed(kinds)}` })
  const checked: Record<string, InputValue> = {}
  for (const name of Object.keys(value)) checked[name] = checkInput(kinds, name, (value as Readonly<Record<string, unknown>>)[name])
  return checked
}

/** The declared defaults, as values. @throws PrescoreError `invalid_input` */
export function defaultInputs({ inputs, inputDefaults = {} }: Pick<PredictionDefinition, 'inputs' | 'inputDefaults'>): Inputs {
  return checkInputs(inputs, inputDefaults)
}

/** One input of a record of kinds. @throws PrescoreError `invalid_input` */
function checkInput(kinds: InputKinds, name: string, value: unknown): InputValue {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined) {
    const fix = suggestion(name, Object.keys(kinds))
    throw new PrescoreError('invalid_input', { where: `\`${name}\``, found: 'a name that is not declared', expected: listed(kinds), fix })
  }
  return checkValue(kind, value, `\`${name}\``)
}

/** A value as JSON gives it, of a kind. @throws PrescoreError `invalid_input` */
export function checkValue(kind: Kind, value: unknown, where: string): InputValue {
  if (value === null) return null
  const checked = READERS[kind].read(value)
  if (checked !== undefined) return checked
  throw new PrescoreError('invalid_input', { where, found: shown(value), expected: READERS[kind].expected })
}

/** A value as a text gives it, as on the command line; the empty text of a number is missing. @throws PrescoreError `invalid_input` */
export function parseInput(kinds: InputKinds, name: string, text: string): InputValue {
  const kind = kinds[name]
  if (kind === undefined || kind === 'string' || kind === 'timestamp') return checkInput(kinds, name, text)
  if (text === '' || text === 'null') return null
  if (kind === 'boolean') return checkInput(kinds, name, text === 'true' ? true : text === 'false' ? false : text)
  const isWhole = /^-?\d{16,19}$/.test(text)
  return checkInput(kinds, name, isWhole ? BigInt(text) : /^[-+]?[\d.]/.test(text) ? Number(text) : text)
}

/** All inputs by name as JSON; what is not given is null. */
export function inputsJson(kinds: InputKinds, inputs: Inputs): string {
  const names = Object.keys(kinds).sort()
  return `{${names.map(name => `${JSON.stringify(name)}:${valueJson(kinds[name] as Kind, inputs[name] ?? null)}`)}}`
}

/** The inputs of {@link inputsJson}. */
export function readInputs(kinds: InputKinds, text: string): Inputs {
  const exact = (_: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context?.source as string)
      : value
  return checkInputs(kinds, JSON.parse(text, exact))
}

/** The digest of the canonical text. */
export function inputFingerprint(kinds: InputKinds, inputs: Inputs): Buffer {
  return textFingerprint(inputsJson(kinds, inputs))
}

/** The fingerprint of inputs in their canonical text, or its bytes. */
export function textFingerprint(inputsText: string | Uint8Array): Buffer {
  return createHash('sha256').update(inputsText).digest().subarray(0, FINGERPRINT_BYTES)
}

function valueJson(kind: Kind, value: InputValue): string {
  if (value === null) return 'null'
  if (kind === 'timestamp') return `"${formatInstant(value as number)}"`
  if (kind === 'duration') return String((value as number) / SECOND_US)
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

interface Reader {
  readonly expected: string
  /** Undefined: not of this kind. */
  readonly read: (value: unknown) => InputValue | undefined
}

const READERS: Readonly<Record<Kind, Reader>> = {
  string: {
    expected: 'a string of valid Unicode',
    read: value => (typeof value === 'string' && value.isWellFormed() ? value : undefined),
  },
  boolean: { expected: 'true or false', read: value => (typeof value === 'boolean' ? value : undefined) },
  float64: {
    expected: 'a number',
    read: value =>
      typeof value === 'bigint' ? Number(value) : typeof value === 'number' && Number.isFinite(value) ? value + 0 : undefined,
  },
  int64: {
    expected: 'a whole number (int64)',
    read: value => {
      if (typeof value === 'bigint') return value >= -INT64_MAX - 1n && value <= INT64_MAX ? value : undefined
      return typeof value === 'number' && Number.isSafeInteger(value) ? value + 0 : undefined
    },
  },
  timestamp: {
    expected: 'a time with a zone, such as "2001-06-15T03:00:00-04:00"',
    read: value => (typeof value === 'string' ? parseInstantUs(value) : undefined),
  },
  duration: {
    expected: 'a number of seconds',
    read: value => {
      const us = typeof value === 'number' ? Math.round(value * SECOND_US) : Number.NaN
      return Math.abs(us) <= TIME_US_MAX ? us + 0 : undefined
    },
  },
}

function listed(kinds: InputKinds): string {
  const names = Object.keys(kinds)
  return names.length === 0 ? 'nothing: the prediction takes no inputs' : `some of ${names.join(', ')}`
}

/** Options of an answer as parameters of a request beside its tensors. */
import { PrescoreError, parseInstantUs, suggestion } from '../../base/index.ts'
import { type AnswerOptions, PREFERENCES } from '../../resolve/index.ts'
import type { Parameters } from './subject.ts'
import { refused, textOf } from './tensors.ts'

type Value = Parameters[string]
type Read = (value: Value, where: string) => AnswerOptions

const READERS: Readonly<Record<string, Read>> = {
  prefer: (value, where) => {
    const prefer = PREFERENCES.find(preference => preference === value)
    if (prefer === undefined) throw refused(where, textOf(value), PREFERENCES.join(' or '))
    return { prefer }
  },
  max_age_seconds: (value, where) => ({ maxAgeSeconds: atLeast(0, value, where) }),
  deadline_ms: (value, where) => ({ deadlineMs: atLeast(1, value, where) }),
  // Microseconds, as Triton has it.
  timeout: (value, where) => ({ deadlineMs: Math.max(1, atLeast(0, value, where) / 1_000) }),
  as_of: (value, where) => {
    const asOfUs = typeof value === 'string' ? parseInstantUs(value) : undefined
    if (asOfUs === undefined) throw refused(where, textOf(value), 'a time with a zone, such as "2001-06-15T03:00:00-04:00"')
    return { asOfUs }
  },
}

/** What clients set for servers of other kinds, and what changes nothing here. */
const IGNORED: ReadonlySet<string> = new Set(['priority', 'headers', 'content_type'])
const NO_OPTIONS: AnswerOptions = Object.freeze({})

/** @throws PrescoreError `invalid_request` for a parameter that is not known, or of another kind */
export function optionsOfParameters(parameters: Parameters): AnswerOptions {
  const names = Object.keys(parameters)
  return names.length === 0 ? NO_OPTIONS : Object.assign({}, ...names.map(name => optionOf(name, parameters[name] as Value)))
}

/** A model has no options: only what changes nothing may be set. */
export function refuseOptions(parameters: Parameters): void {
  const unknown = Object.keys(parameters).find(name => !IGNORED.has(name) && name !== 'timeout')
  if (unknown !== undefined)
    throw refused(`parameter \`${unknown}\``, 'a model, which takes none', 'the prediction, for options of an answer')
}

function optionOf(name: string, value: Value): AnswerOptions {
  if (IGNORED.has(name)) return NO_OPTIONS
  const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
  if (read !== undefined) return read(value, `parameter \`${name}\``)
  const names = Object.keys(READERS)
  throw new PrescoreError('invalid_request', {
    found: `the parameter \`${name.slice(0, 100)}\``,
    fix: suggestion(name, names),
  })
}

function atLeast(least: number, value: Value, where: string): number {
  if (typeof value === 'number' && value >= least && value <= Number.MAX_SAFE_INTEGER) return value
  throw refused(where, textOf(value), `a number of at least ${least}`)
}

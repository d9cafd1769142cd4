/** Bodies of events as they come in: a JSON array, or one JSON object a line. */
import { isUtf8 } from 'node:buffer'
import { PrescoreError, shown } from '../../base/index.ts'

export type EventsForm = 'json' | 'ndjson'

/** Whole numbers beyond ±2^53 look like that, and little else does: with the reviver, parsing takes several times as long. */
const LONG_NUMBER = /[\s:,[-](?:9\d{15}|\d{17})/
const WHOLE_NUMBER = /^-?\d+$/
/** Where the parser gave up, if it says so. */
const PLACE = / at position (\d+)/

/**
 * The events of a body, for `append`. Whole numbers beyond ±2^53 come as bigint, so that no digit is lost. A line that is not
 * JSON stands as its error, so that it is rejected by its index and the others are kept; empty lines do not count.
 * @throws PrescoreError `invalid_utf8`, `body_cut_short`, `invalid_json`, `invalid_request` (JSON that is not an array): then
 * nothing of the body may be taken
 */
export function decodeEvents(body: Uint8Array, form: EventsForm): readonly unknown[] {
  const text = decodeText(body)
  return form === 'json' ? arrayOf(text) : linesOf(text)
}

function arrayOf(text: string): readonly unknown[] {
  const value = parse(text)
  if (value instanceof PrescoreError) throw value
  if (Array.isArray(value)) return value
  throw new PrescoreError('invalid_request', { where: 'the body', found: shown(value), expected: 'a list of events' })
}

function linesOf(text: string): readonly unknown[] {
  const lines = text.split('\n')
  const last = lines.length - 1
  const events = lines.flatMap((line, i): unknown[] => {
    if (line.trim() === '') return []
    const event = parse(line)
    // A line that ends too early was cut off only where the body ends.
    if (event instanceof PrescoreError && event.code === 'body_cut_short')
      return [i === last ? event : notJson('a line that ends too early')]
    return [event]
  })
  const end = events.at(-1)
  if (end instanceof PrescoreError && end.code === 'body_cut_short') throw end
  return events
}

/** A JSON value, or why it is none. */
function parse(text: string): unknown {
  try {
    return LONG_NUMBER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (text.trim() === '') return notJson('an empty body')
    const isCut = message.startsWith('Unexpected end') || Number(PLACE.exec(message)?.[1]) === text.length
    return isCut ? cutShort() : notJson(message)
  }
}

function exactly(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && WHOLE_NUMBER.test(source) ? BigInt(source) : value
}

function decodeText(body: Uint8Array): string {
  if (isUtf8(body)) return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  if (isCutWithinCharacter(body)) throw cutShort()
  throw new PrescoreError('invalid_utf8', { where: 'the body' })
}

/** Whether nothing is wrong but that the last character is not whole. */
function isCutWithinCharacter(body: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(body, { stream: true })
    return true
  } catch {
    return false
  }
}

function cutShort(): PrescoreError {
  return new PrescoreError('body_cut_short', { where: 'the body' })
}

function notJson(found: string): PrescoreError {
  return new PrescoreError('invalid_json', { found })
}

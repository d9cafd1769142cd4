/**
 * JSON as numeric clients write it: with the bare tokens NaN, Infinity and -Infinity (Python's `json`, TensorFlow Serving), and with
 * whole numbers beyond ±2^53, of which no digit is lost. Text without either takes the engine's own parser.
 */
import { isUtf8 } from 'node:buffer'
import { PrescoreError, readJson } from '../../base/index.ts'

/** A whole number of so many digits as a value of its own; in a fraction or a text it may be a false alarm, which costs only time. */
const LONG_WHOLE = /[[,:\s]-?\d{16,}\s*[,\]}]/
const TOKEN = /\b(?:NaN|Infinity)\b/
const LONG = /\d{16}/

/** Numbers, but bigint for whole ones beyond ±2^53. @throws PrescoreError `invalid_json` */
export function parseTolerantJson(body: Buffer): unknown {
  const text = textOfBody(body)
  if (text === '') throw new PrescoreError('invalid_json', { found: 'an empty body' })
  const isPlain = !(LONG.test(text) && LONG_WHOLE.test(text))
  try {
    if (isPlain) return JSON.parse(text)
  } catch (error) {
    if (!TOKEN.test(text)) throw invalid(error)
  }
  return readJson(text, plainNumber)
}

/** The text of a body. @throws PrescoreError `invalid_json` for bytes that are not UTF-8 */
function textOfBody(body: Buffer): string {
  if (!isUtf8(body)) throw new PrescoreError('invalid_json', { found: 'bytes that are not UTF-8' })
  return body.toString('utf8')
}

function plainNumber(source: string, isWhole: boolean): number | bigint {
  const value = Number(source)
  return !isWhole || Number.isSafeInteger(value) ? value : BigInt(source)
}

function invalid(error: unknown): PrescoreError {
  return new PrescoreError('invalid_json', { found: (error as Error).message.slice(0, 200) })
}

/** JSON as it comes in: whole, in UTF-8, and with every digit of an int64. */
import { isAscii, isUtf8 } from 'node:buffer'
import { PrescoreError } from '../base/index.ts'

/** Numbers of fewer digits are exact in a double. */
const LONG_NUMBER = /\d{16}/
const WHOLE_NUMBER = /^-?\d+$/

/** The value of a body; whole numbers beyond ±2^53 come as bigint. @throws PrescoreError `invalid_json` */
export function parseJson(body: Buffer): unknown {
  const text = textOf(body)
  try {
    return LONG_NUMBER.test(text) ? JSON.parse(text, exactly) : JSON.parse(text)
  } catch (error) {
    throw new PrescoreError('invalid_json', {
      found: text === '' ? 'an empty body' : error instanceof Error ? error.message : String(error),
    })
  }
}

/** The text of a body that is ASCII, as most are: those need no decoding. Undefined: it is not. */
export function asciiText(body: Buffer): string | undefined {
  return isAscii(body) ? body.toString('latin1') : undefined
}

function textOf(body: Buffer): string {
  const ascii = asciiText(body)
  if (ascii !== undefined) return ascii
  if (!isUtf8(body)) throw new PrescoreError('invalid_json', { found: 'bytes that are not UTF-8' })
  return body.toString('utf8')
}

function exactly(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value
  const source = context?.source
  return source !== undefined && WHOLE_NUMBER.test(source) ? BigInt(source) : value
}

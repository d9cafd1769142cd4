/** JSON as TensorFlow Serving reads it: 1 is whole and 1.0 is not, NaN and infinities are bare tokens, and null is never a value. */
import { isUtf8 } from 'node:buffer'
import { type ErrorCode, PrescoreError, readJson } from '../../../base/index.ts'
import type { TensorData, TensorType } from '../../../models/index.ts'
import { elementsOf, refused, textOf } from '../tensors.ts'

/** A number that is not written as a whole one. */
export class Decimal {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  /** As errors show it alone: that it has a point is what is wrong with it. */
  text(): string {
    return Number.isInteger(this.value) && Math.abs(this.value) < 1e15 ? this.value.toFixed(1) : String(this.value)
  }

  /** As errors show it in a list. */
  toJSON(): unknown {
    return Number.isFinite(this.value) ? this.value : String(this.value)
  }
}

export type Members = Readonly<Record<string, unknown>>

/** An error in the words that clients of TensorFlow Serving know. */
export function servingError(code: ErrorCode, text: string): PrescoreError {
  return Object.assign(new PrescoreError(code), { message: text })
}

/** The object of a body; what follows it is not looked at. @throws PrescoreError `invalid_json`, `invalid_request` */
export function documentOf(body: Buffer): Members {
  if (!isUtf8(body)) throw servingError('invalid_json', 'JSON Parse error: bytes that are not UTF-8')
  const text = body.toString('utf8')
  if (text.trim() === '') throw servingError('invalid_json', 'JSON Parse error: The document is empty')
  const value = parsed(text)
  if (isObject(value)) return value
  throw servingError('invalid_request', `JSON Value: ${textOf(value)} Is not object`)
}

function parsed(text: string): unknown {
  try {
    return readJson(text, numberOf, { restIgnored: true })
  } catch (error) {
    throw error instanceof PrescoreError ? servingError('invalid_json', `JSON Parse error: ${error.details.found}`) : error
  }
}

function numberOf(source: string, isWhole: boolean): number | bigint | Decimal {
  const value = Number(source)
  if (!isWhole) return new Decimal(value)
  return Number.isSafeInteger(value) ? value : BigInt(source)
}

export function isObject(value: unknown): value is Members {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Decimal)
}

/** `{"b64": "…"}` and nothing else: a text as base64. */
export function isBase64(value: unknown): value is { readonly b64: string } {
  return isObject(value) && typeof value.b64 === 'string' && Object.keys(value).length === 1
}

/** The axes of nested lists, as their first elements have them. */
export function shapeOf(value: unknown): number[] {
  const shape: number[] = []
  for (let each = value; Array.isArray(each); each = each[0]) shape.push(each.length)
  return shape
}

/** In the place of a fraction. */
const EXPECTED: Readonly<Partial<Record<TensorType, string>>> = { string: 'a text', bool: 'true or false' }

/** Values of the document as elements of a type. @throws PrescoreError `invalid_request` */
export function documentElements(type: TensorType, values: readonly unknown[], where: string): TensorData {
  const isFloat = type === 'float32' || type === 'float64'
  const plain = values.map((value, i) => {
    const at = `${where}, element ${i}`
    if (value === null) throw refused(at, 'null', 'a value: null is none')
    if (type === 'string' && isBase64(value)) return textOfBase64(value.b64, at)
    if (value instanceof Decimal && isFloat) return value.value
    if (value instanceof Decimal) throw refused(at, value.text(), EXPECTED[type] ?? 'a whole number, without a point or an exponent')
    if (isFloat && typeof value !== 'number' && typeof value !== 'bigint') throw refused(at, textOf(value), 'a number, or NaN')
    return value
  })
  return elementsOf(type, plain, where)
}

function textOfBase64(base64: string, where: string): string {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(base64)) throw refused(where, 'a text that is not base64', 'base64')
  const bytes = Buffer.from(base64, 'base64')
  if (!isUtf8(bytes)) throw refused(where, 'base64 of bytes that are not UTF-8', 'a text')
  return bytes.toString('utf8')
}

/**
 * Noted answers as lines of JSON. A segment begins with its format; then come grounds, each before the answers of it. Doubles of
 * the feature vector stand in base64, so that not a bit of them depends on how numbers are written.
 */
import { PrescoreError } from '../../base/index.ts'
import type { GroundSource, LiveRequest } from '../../live/index.ts'

/** Version of the lines. Segments of a later one are refused with `store_format`. */
const VERSION = 1
const FORMAT = 'prescore answers'

/** What the answers of one scorer were computed from. */
export interface LoggedGround {
  readonly prediction: string
  readonly release: string
  readonly sources: readonly GroundSource[]
}

export interface LoggedAnswer {
  readonly ground: LoggedGround
  /** When it was given. */
  readonly atUs: number
  readonly asOfUs: number
  readonly key: LiveRequest['key']
  /** Those that it was computed with, but for defaults. */
  readonly inputs: LiveRequest['inputs']
  readonly attributes?: LiveRequest['attributes']
  /** Up to where each source's log had been read, in the order of the ground's sources. */
  readonly positions: readonly number[]
  /** Before they were rounded to the model's input. */
  readonly features: Float64Array
  /** The JSON text that was sent: it reads back to the bits of the value. */
  readonly valueText: string
}

export function headLine(): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION })}\n`
}

/** @throws PrescoreError `store_format` */
export function checkHead(line: string, file: string): void {
  const { format, version } = headOf(line)
  if (format === FORMAT && version === VERSION) return
  const found = format === FORMAT ? `version ${version}` : 'something else'
  throw new PrescoreError('store_format', { where: file, found, expected: `noted answers of version ${VERSION}` })
}

function headOf(line: string): { readonly format?: unknown; readonly version?: unknown } {
  try {
    return (JSON.parse(line) as object | null) ?? {}
  } catch {
    return {}
  }
}

/** @param number by which the answers name it. */
export function groundLine(number: number, ground: LoggedGround): string {
  return `${JSON.stringify({ ground: number, ...ground })}\n`
}

export function answerLine(ground: number, answer: Omit<LoggedAnswer, 'ground'>): string {
  const { atUs, asOfUs, key, inputs, attributes, positions, features, valueText } = answer
  const bytes = Buffer.from(features.buffer, features.byteOffset, features.byteLength).toString('base64')
  const given = `${key === undefined ? '' : `"key":${taggedJson(key)},`}"inputs":${taggedJson(inputs)}`
  const set = attributes === undefined ? '' : `,"attributes":${JSON.stringify(attributes, tagged)}`
  const moments = `"of":${ground},"at":${atUs},"asOf":${asOfUs}`
  return `{${moments},${given}${set},"positions":[${positions}],"features":"${bytes}","value":${JSON.stringify(valueText)}}\n`
}

/** Of values by name. Seldom is there one that JSON does not have, and to look at each while it is written takes longer than all else. */
function taggedJson(values: Readonly<Record<string, unknown>>): string {
  for (const name in values) if (tagged(name, values[name]) !== values[name]) return JSON.stringify(values, tagged)
  return JSON.stringify(values)
}

/** What a line after the first says. @throws Error where it says nothing that was ever written */
export function readLine(line: string): { readonly number: number; readonly ground: LoggedGround } | UnplacedAnswer {
  const read = JSON.parse(line, untagged) as Record<string, unknown>
  if (typeof read.ground === 'number') {
    const { ground: number, ...ground } = read
    return { number, ground: ground as unknown as LoggedGround }
  }
  const bytes = Buffer.from(read.features as string, 'base64')
  if (typeof read.of !== 'number' || bytes.length % 8 !== 0) throw new TypeError('no answer')
  const { at: atUs, asOf: asOfUs, key, inputs, attributes, positions, value: valueText } = read
  const features = new Float64Array(bytes.length / 8)
  new Uint8Array(features.buffer).set(bytes)
  return { of: read.of, answer: { atUs, asOfUs, key, inputs, attributes, positions, features, valueText } as Omit<LoggedAnswer, 'ground'> }
}

interface UnplacedAnswer {
  /** The number of its ground. */
  readonly of: number
  readonly answer: Omit<LoggedAnswer, 'ground'>
}

/** An int64 beyond ±2^53, and numbers that JSON does not have: under names that no column can have. */
function tagged(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $int64: String(value) }
  return typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value)) ? { $float64: numberText(value) } : value
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

function untagged(_: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Object.keys(value).length !== 1) return value
  if ('$int64' in value) return BigInt(value.$int64 as string)
  return '$float64' in value ? Number(value.$float64) : value
}

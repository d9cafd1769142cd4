/** Instants as texts, against a plain reading of them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInstantUs, TIME_US_MAX } from '../../src/base/index.ts'
import { RUNS } from '../features/arbitraries.ts'

const INSTANT = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?(Z|[+-]\d\d:?\d\d)|(Z))$/

function naive(text: string): number | undefined {
  const match = INSTANT.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(i => match[i] ?? '00')
  // No time of day exists that another text of the same form does not give back.
  const date = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`
  if (Number.isNaN(Date.parse(date)) || new Date(date).toISOString() !== date) return undefined
  const zone = match[8] ?? 'Z'
  const minutes = zone === 'Z' ? 0 : Number(`${zone[0]}1`) * (60 * Number(zone.slice(1, 3)) + Number(zone.slice(-2)))
  const us = Date.parse(date) * 1000 + Number((match[7] ?? '').padEnd(6, '0')) - minutes * 60e6
  return Math.abs(us) <= TIME_US_MAX ? us : undefined
}

/** Two digits, mostly of a number up to the greatest, sometimes of one more. */
const two = (least: number, most: number) =>
  fc
    .oneof({ arbitrary: fc.integer({ min: least, max: most }), weight: 12 }, fc.constantFrom(0, most + 1))
    .map(n => String(n).padStart(2, '0'))
/** The first, mostly. */
const often = (first: string, ...others: string[]) =>
  fc.oneof({ arbitrary: fc.constant(first), weight: 3 * others.length }, fc.constantFrom(...others))
const instants = fc
  .tuple(
    fc
      .oneof(fc.integer({ min: 1685, max: 2256 }), fc.constantFrom(0, 99, 1684, 1900, 2000, 2024, 9999))
      .map(n => String(n).padStart(4, '0')),
    two(1, 12),
    two(1, 31),
    often('T', ' ', 't', ''),
    fc.tuple(
      two(0, 23),
      two(0, 59),
      fc.option(fc.tuple(two(0, 59), fc.constantFrom('', '.', '.5', '.000001', '.123456', '.1234567')), { nil: undefined }),
    ),
    often('Z', '+02:00', '-0530', '+99:99', '-00:00', '', 'z', '+1:00', '+01:0', 'Z '),
  )
  .map(([year, month, day, separator, [hour, minute, rest], zone]) => {
    const time = separator === '' ? '' : `${separator}${hour}:${minute}${rest === undefined ? '' : `:${rest.join('')}`}`
    return `${year}-${month}-${day}${time}${zone}`
  })
/** With a character more, less, or another. */
const spoiled = fc
  .tuple(instants, fc.nat(30), fc.nat(1), fc.constantFrom('', '0', '9', ':', '-', '.', 'T', 'Z', '+', 'é', '٣', '\0'))
  .map(([text, at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone))

test('the same instants are read, and the same texts refused', () => {
  let read = 0
  const same = (text: string) => {
    const us = naive(text)
    if (us !== undefined) read++
    assert.ok(Object.is(parseInstantUs(text), us), `${JSON.stringify(text)}: ${parseInstantUs(text)}, expected ${us}`)
  }
  fc.assert(fc.property(instants, same), { numRuns: 20 * RUNS.numRuns })
  fc.assert(fc.property(spoiled, same), { numRuns: 20 * RUNS.numRuns })
  assert.ok(read > RUNS.numRuns, `${read} were instants`)
})

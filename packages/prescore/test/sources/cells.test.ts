/** Texts as values: SQL against plain JavaScript, for every short text of digits and signs and for times with a letter changed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseInstantUs, TIME_US_MAX } from '../../src/base/index.ts'
import type { ColumnKind } from '../../src/project/index.ts'
import { INSTANT, LOCAL_TIME, valueOf } from '../../src/sources/formats/index.ts'
import { Place } from '../parquet/place.ts'
import { writeText } from './written.ts'

const place = await Place.open()
const RUNS = Number(process.env.PRESCORE_PROPERTY_RUNS ?? 30)

/** SQL values of texts, by expressions over `t`. */
async function valuesOf(texts: readonly string[], items: Readonly<Record<string, string>>): Promise<Record<string, unknown>[]> {
  writeText(place, 'texts.csv', `t\n${texts.join('\n')}\n`)
  const select = Object.entries(items).map(([name, sql]) => `${sql} AS ${name}`)
  return place.query(
    `SELECT t, ${select.join(', ')} FROM read_csv('${place.path('texts.csv')}', columns = {'t': 'VARCHAR'}, auto_detect = false, header = true, delim = '|', quote = '')`,
  )
}

test('numbers: the whole text, or nothing', async () => {
  const characters = ['0', '7', '+', '-', '.', 'e']
  let longest = ['']
  const texts: string[] = []
  for (let length = 1; length <= 5; length++) {
    longest = longest.flatMap(text => characters.map(each => text + each))
    texts.push(...longest)
  }
  const rows = await valuesOf(texts, { whole: valueOf('int64', 't', ''), decimal: valueOf('float64', 't', '') })
  assert.equal(rows.length, texts.length)
  for (const { t, whole, decimal } of rows) {
    const text = String(t)
    assert.equal(whole, /^[+-]?\d+$/.test(text) ? BigInt(text.replace('+', '')) : null, text)
    const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text)
    if (isNumber && Number.isFinite(Number(text))) assert.ok(Object.is(decimal, Number(text)), `${text}: ${decimal}`)
    else assert.equal(decimal, null, text)
  }
})

/** A scan refuses what lies further away. */
function inRange(value: unknown): number | undefined {
  return value === null || Math.abs(Number(value)) > TIME_US_MAX ? undefined : Number(value)
}

test('times: as JavaScript reads them, or nothing', async () => {
  const whole = fc.constantFrom(
    '2001-06-15T03:04:05.678901',
    '2000-02-29 23:59:59',
    '1969-12-31T00:00',
    '1700-01-01T00:00:00.5',
    '2001-02-28',
  )
  const zone = fc.constantFrom('', 'Z', '+00:00', '-04:00', '+1345')
  const change = fc.record({ at: fc.nat(30), to: fc.constantFrom('0', '1', '3', '6', '9', ':', '-', 'T', ' ', '') })
  const drawn = fc.tuple(whole, zone, fc.option(change)).map(([text, end, changed]) => {
    const all = text + end
    return changed === null ? all : all.slice(0, changed.at) + changed.to + all.slice(changed.at + 1)
  })
  const timeOf = (kind: ColumnKind, type: string) => `epoch_us(${valueOf(kind, 't', type)})`
  await fc.assert(
    fc.asyncProperty(fc.array(drawn, { minLength: 1, maxLength: 200 }), async texts => {
      const plain = texts.filter(text => text !== '' && text.trim() === text)
      const rows = await valuesOf(plain, { instant: timeOf('timestamp', INSTANT), local: timeOf('timestamp', LOCAL_TIME) })
      for (const { t, instant, local } of rows) {
        // Zeros beyond the microsecond lose nothing; JavaScript's own reader does not know them.
        const text = String(t).replace(/(\.\d{6})0+/, '$1')
        const hasTime = /^.{10}[T ]/.test(text)
        // A date with a zone is no text that people write; offsets may leave out their minutes.
        const expected = hasTime ? parseInstantUs(/[+-]\d\d$/.test(text.slice(11)) ? `${text}:00` : text) : undefined
        assert.equal(inRange(instant), expected, text)
        assert.equal(inRange(local), hasTime && /[Z+-]/.test(text.slice(11)) ? undefined : parseInstantUs(`${text}Z`), text)
      }
    }),
    { numRuns: RUNS },
  )
})

/** A cell or a file that does not fit: the message names the file, the line, the column, what stands there and what should. */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { type ColumnKind, table } from '../../src/project/index.ts'
import { pinSource } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { sourceAt } from './scanned.ts'
import { writeText } from './written.ts'

const place = await Place.open()
mkdirSync(place.path('day=1'))
let files = 0

interface Refusal {
  readonly code: string
  readonly where: string
  readonly found: string
  readonly expected: string
  readonly fix: string
}

async function refusalOf(ending: string, text: string | Buffer, columns: Readonly<Record<string, ColumnKind>>): Promise<Refusal> {
  // In a folder: files of others may have the same name.
  const name = `day=1/wrong-${files++}${ending}`
  if (typeof text === 'string') writeText(place, name, text)
  else writeFileSync(place.path(name), text)
  try {
    await pinSource(place.database, sourceAt(place, table({ files: name, columns, zone: 'UTC' }), 's'))
  } catch (error) {
    assert.ok(error instanceof PrescoreError)
    const [problem] = error.details.problems ?? []
    const { where = '', found = '', expected = '' } = error.details
    const refusal = problem ?? { code: error.code, where, found, expected, fix: error.fix }
    return { ...refusal, where: refusal.where.replace(name, 'FILE'), found: refusal.found.replace(name, 'FILE') }
  }
  assert.fail('nothing was refused')
}

const CELLS: readonly (readonly [kind: ColumnKind, cell: string, fix: RegExp])[] = [
  ['int64', '1.5', /without a point, or .*'float64'/],
  ['int64', '5.0', /without a point/],
  ['int64', '1_000', /separators between thousands/],
  ['int64', '0x10', /'string'/],
  ['int64', '9223372036854775808', /'string': so long/],
  ['int64', ' 5', /spaces/],
  ['int64', 'N/A', /empty/],
  ['float64', '"12,5"', /point, not a comma/],
  ['float64', '"1,234.5"', /separators between thousands/],
  ['float64', '1e400', /Correct/],
  ['float64', '12 km', /unit/],
  ['float64', '1d', /unit/],
  ['boolean', 'yes', /true or false/],
  ['timestamp', '1717171717', /count seconds/],
  ['timestamp', '15/06/2001', /ISO 8601/],
  ['timestamp', '2001-02-30', /ISO 8601/],
  ['timestamp', '2001-06-15T24:00:00Z', /ISO 8601/],
  ['timestamp', '2001-06-15 03:00:00.1234567', /microseconds/],
]

for (const [kind, cell, fix] of CELLS) {
  test(`${cell} in a CSV is no ${kind}`, async () => {
    const refusal = await refusalOf('.csv', `a,x\n"two\nlines",\n\nb,${cell}\nc,${cell}\n`, { a: 'string', x: kind })
    assert.equal(refusal.code, 'wrong_cell')
    assert.equal(refusal.where, 'sources.s, FILE, line 5, column x')
    assert.equal(refusal.found, `${JSON.stringify(cell.replaceAll(/^"|"$/g, ''))}, and 1 more in this column`)
    assert.match(refusal.expected, new RegExp(`\\(${kind}\\)$`))
    assert.match(refusal.fix, fix)
  })
}

const JSON_CELLS: readonly (readonly [kind: ColumnKind, cell: string, fix: RegExp])[] = [
  ['string', '7', /quotes/],
  ['string', '{"a":1}', /quotes/],
  ['int64', '"7"', /without quotes/],
  ['int64', '7.0', /without a point/],
  ['int64', '18446744073709551615', /'string'/],
  ['float64', '"1.5"', /without quotes/],
  ['float64', '1e400', /Correct/],
  ['float64', '[1]', /Correct/],
  ['boolean', '1', /true or false/],
  ['boolean', '"true"', /without quotes/],
  ['timestamp', '1717171717', /count seconds/],
  ['timestamp', '"null"', /null/],
]

for (const [kind, cell, fix] of JSON_CELLS) {
  test(`${cell} in JSON is no ${kind}`, async () => {
    const lines = await refusalOf('.ndjson.gz', `{"x":null}\n\n{}\n{"x":${cell}}\n`, { x: kind })
    const array = await refusalOf('.json', `[{"x":null},{},\n{"x":${cell}}]`, { x: kind })
    assert.deepEqual(array, { ...lines, where: 'sources.s, FILE, element 3, column x' })
    assert.equal(lines.where, 'sources.s, FILE, line 4, column x')
    assert.equal(lines.code, 'wrong_cell')
    assert.equal(lines.found, cell)
    assert.match(lines.fix, fix)
  })
}

const FILES: readonly (readonly [what: string, ending: string, text: string | Buffer, where: string, found: RegExp])[] = [
  ['a row with a cell too few', '.csv', 'a,x\n1,2\n3\n', 'FILE, line 3', /^1 cell$/],
  ['a row with a cell too many', '.csv', 'a,x\n1,2,3\n', 'FILE, line 2', /^3 cells$/],
  ['a quote that is not closed', '.csv', 'a,x\n1,"2\n', 'FILE, line 2', /quote/],
  ['line ends of two kinds', '.csv', 'a,x\r\n1,2\r\n3,4\n5,6\r\n', 'FILE', /line ends/],
  ['latin1', '.csv', Buffer.from('a,x\n\xe9,2\n', 'latin1'), 'FILE, line 2', /not UTF-8/],
  ['UTF-16', '.csv', Buffer.from('\ufeffa,x\n1,2\n', 'utf16le'), 'FILE', /no text/],
  ['an empty file', '.csv', '', 'FILE', /empty file/],
  ['no gzip', '.csv.gz', Buffer.from('a,x\n1,2\n'), 'FILE', /header check/],
  ['a cut gzip', '.csv.gz', Buffer.from('H4sIAAAAAAAAA0vU', 'base64'), 'FILE', /unexpected end/],
  ['a line of JSON that is cut', '.ndjson', '{"a":1}\n{"a":2\n{"a":3}\n', 'FILE, line 2', /JSON/],
  ['a last line of JSON that is cut', '.ndjson', '{"a":1}\n{"a":', 'FILE, line 2', /JSON/],
  ['a line that is no object', '.ndjson', '{"a":1}\n[1]\n', 'FILE, line 2', /no object/],
  ['a member twice', '.ndjson', '{"a":1}\n{"a":1,"a":2}\n', 'FILE, line 2', /"a" twice/],
  ['an array that is not closed', '.json', '[{"a":1}', 'FILE', /unexpected/],
  ['an array with a number', '.json', '[{"a":1},7]', 'FILE, element 2', /OBJECT/],
  ['lines of JSON behind a byte order mark', '.ndjson', '\ufeff{"a":1}\n', 'FILE', /^a byte order mark$/],
  ['no JSON', '.json', 'a,x\n1,2\n', 'FILE', /begins with "a,x/],
  ['an array where lines are promised', '.ndjson', '[{"a":1}]', 'FILE', /begins with/],
]

for (const [what, ending, text, where, found] of FILES) {
  test(`${what} is refused with its place`, async () => {
    const refusal = await refusalOf(ending, text, { a: 'int64', x: 'int64' })
    assert.equal(refusal.code, 'source_unreadable')
    assert.equal(refusal.where, `sources.s, ${where}`)
    assert.match(refusal.found, found)
    assert.notEqual(refusal.expected, '')
  })
}

test('a byte order mark is no part of the first name', async () => {
  writeText(place, 'marked.csv', '\ufeffa,x\r\n1,2\r\n')
  writeText(place, 'marked.json', '\ufeff[{"a":1,"x":2}]')
  for (const files of ['marked.csv', 'marked.json']) {
    const source = sourceAt(place, table({ files, columns: { a: 'int64', x: 'int64' } }), 's')
    assert.equal((await pinSource(place.database, source)).rows, 1)
  }
})

test('a header that names a declared column twice is refused', async () => {
  const { code, found } = await refusalOf('.csv', 'a,x,a\n1,2,3\n', { a: 'int64', x: 'int64' })
  assert.deepEqual([code, found], ['duplicate_name', 'two columns `a` in the header'])
})

test('a mistyped column is told with the names in the data', async () => {
  const columns = { a: 'int64', dealy: 'int64' } as const
  for (const [ending, text] of [
    ['.csv', 'a,delay\n1,2\n'],
    ['.json', '[{"a":1,"delay":2}]'],
  ] as const) {
    const { code, fix } = await refusalOf(ending, text, columns)
    assert.deepEqual([code, fix], ['column_missing', 'Did you mean `delay`? There are: a, delay.'])
  }
})

test('times with and without a zone in one column are refused', async () => {
  const { code, found } = await refusalOf('.csv', 'x\n2001-06-15\n2001-06-15T03:00Z\n', { x: 'timestamp' })
  assert.deepEqual([code, found], ['column_type', 'some times with a zone and some without'])
})

test('files of several formats in one source are refused', async () => {
  writeText(place, 'mixed.csv', 'a\n1\n')
  writeText(place, 'mixed.json', '[{"a":1}]')
  const source = sourceAt(place, table({ files: 'mixed.*', columns: { a: 'int64' } }), 's')
  await assert.rejects(pinSource(place.database, source), { code: 'not_supported', message: /CSV \(mixed\.csv\) and JSON \(mixed\.json\)/ })
})

test('a workbook is refused with the way out', async () => {
  writeText(place, 'book.xlsx', 'PK')
  const source = sourceAt(place, table({ files: 'book.xlsx', columns: { a: 'int64' } }), 's')
  await assert.rejects(pinSource(place.database, source), (error: PrescoreError) => /Export the sheet as CSV/.test(error.fix))
})

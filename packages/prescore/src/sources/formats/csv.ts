/**
 * CSV: a header, then a line a row; cells that hold separators, quotes or line ends stand in double quotes. The separator is the
 * one with which the header names the most declared columns. An empty cell is missing; `""` is an empty text.
 */
import { PrescoreError } from '../../base/index.ts'
import { identifier, literal } from '../../parquet/index.ts'
import { lineOfRecord, splitHeader } from './csv-records.ts'
import { type Explanation, FILE_COLUMN, type Format, type Layout, nameIn, type SourceFile } from './format.ts'
import { readStart, readTexts } from './texts.ts'

const SEPARATORS = [',', ';', '\t', '|'] as const
const HEADER_MAX_CHARACTERS = 1 << 20
/** Nothing is guessed: neither types nor quotes, nor which line is the header. */
const OPTIONS = `auto_detect = false, header = true, quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, hive_partitioning = false`

export const csv: Format = {
  name: 'CSV',
  endings: ['.csv', '.tsv', '.csv.gz', '.tsv.gz', '.csv.zst', '.tsv.zst'],
  read: (files, columns) =>
    groups(files)
      .map(group => readGroup(group, columns))
      .join(' UNION ALL '),
  text: {
    layoutOf,
    names: async (_database, files) => new Set(files.flatMap(({ layout }) => layout?.header ?? [])),
    textOf: (kind, raw) => (kind === 'string' ? raw : `nullif(${raw}, '')`),
    isPresent: (kind, raw) => (kind === 'string' ? `${raw} IS NOT NULL` : `nullif(${raw}, '') IS NOT NULL`),
    async placeOf(file, { header = [] }, row) {
      const line = await lineOfRecord(readTexts(file), row, header.length === 1)
      return line === undefined ? undefined : `line ${line}`
    },
    explain: async message => explain(message),
  },
}

async function layoutOf(file: string, columns: readonly string[]): Promise<Layout> {
  const start = await readStart(file, HEADER_MAX_CHARACTERS)
  if (start.trim() === '')
    throw new PrescoreError('source_unreadable', {
      found: 'an empty file',
      expected: 'a header with the names of the columns',
      fix: 'Write the file again, or leave it out of `files`.',
    })
  const headers = SEPARATORS.map(separator => ({ separator, header: splitHeader(start, separator) }))
  // Where nothing is declared, the one that cuts the header into most columns.
  const known = (header: readonly string[]) => header.filter(name => columns.length === 0 || columns.includes(name)).length
  const best = headers.reduce((a, b) => (known(b.header) > known(a.header) ? b : a))
  const twice = best.header.find((name, i) => columns.includes(name) && best.header.indexOf(name) !== i)
  if (twice !== undefined) {
    const fix = 'Give each column of the file a name of its own.'
    throw new PrescoreError('duplicate_name', { found: `two columns \`${twice}\` in the header`, expected: 'one', fix })
  }
  return best
}

/** Files with the same header and separator are read together. */
function groups(files: readonly SourceFile[]): SourceFile[][] {
  return [...Map.groupBy(files, ({ layout }) => JSON.stringify([layout?.separator, layout?.header])).values()]
}

/** Columns are numbered for DuckDB, so that no name in the header can be in the way. */
function readGroup(files: readonly SourceFile[], columns: readonly string[]): string {
  const { separator = ',', header = [] } = files[0]?.layout ?? {}
  const list = files.map(({ path }) => literal(path)).join(', ')
  const struct = header.map((_, i) => `'c${i}': 'VARCHAR'`).join(', ')
  const items = columns.map(name => {
    const at = header.indexOf(nameIn(files[0] ?? {}, name))
    return `${at < 0 ? 'CAST(NULL AS VARCHAR)' : `c${at}`} AS ${identifier(name)}`
  })
  const from = `read_csv([${list}], columns = {${struct}}, delim = ${literal(separator)}, ${OPTIONS}, filename = ${literal(FILE_COLUMN)})`
  return `SELECT ${[...items, identifier(FILE_COLUMN)].join(', ')} FROM ${from}`
}

/** From DuckDB's report on a line. */
function explain(message: string): Explanation | undefined {
  const file = /^ *file = (.+)$/m.exec(message)?.[1]
  if (file === undefined) return undefined
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1]
  const at = `${file}${line === undefined ? '' : `, line ${line}`}`
  const [, expected, found] = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message) ?? []
  if (found !== undefined) {
    const fix = 'Give every line as many cells as the header, and quote cells that hold the separator or a line end.'
    return { at, found: `${found} ${found === '1' ? 'cell' : 'cells'}`, expected: `${expected}, as in the header`, fix }
  }
  if (message.includes('not utf-8'))
    return {
      at,
      found: 'bytes that are not UTF-8',
      expected: 'a file in UTF-8',
      fix: 'Convert it: iconv -f latin1 -t utf-8, or the encoding it has.',
    }
  if (message.includes('unterminated quote'))
    return {
      at,
      found: 'a quote that is not closed, or text behind a closing one',
      expected: '"a cell with ""quotes"" in it"',
      fix: 'Write a quote within a quoted cell twice.',
    }
  if (message.includes('invalid state'))
    return {
      at,
      found: 'line ends of several kinds, or quotes out of place',
      expected: 'one kind of line end',
      fix: 'Convert the line ends: dos2unix.',
    }
  return undefined
}

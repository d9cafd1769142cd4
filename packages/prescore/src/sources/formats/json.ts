/**
 * JSON: one array of objects, or an object a line. Cells are never coerced: a text is in quotes, a number is not.
 * A member that is absent or null is missing.
 */
import { PrescoreError } from '../../base/index.ts'
import { identifier, literal } from '../../parquet/index.ts'
import type { ColumnKind } from '../../project/index.ts'
import { type Explanation, FILE_COLUMN, type Format, type Layout, nameIn, type SourceFile } from './format.ts'
import { firstBrokenLine, lineOfObject } from './json-lines.ts'
import { readStart, readTexts } from './texts.ts'

const START_MAX = 1 << 16
const DUCKDB_FORMS = { array: 'array', lines: 'newline_delimited' } as const
export const json: Format = {
  name: 'JSON',
  endings: ['.json', '.ndjson', '.jsonl'].flatMap(ending => [ending, `${ending}.gz`, `${ending}.zst`]),
  read(files, columns) {
    const called = (name: string) => nameIn(files[0] ?? {}, name)
    const struct = [...new Set(columns.map(called))].map(name => `${literal(name)}: 'JSON'`).join(', ')
    const items = [...columns.map(name => `${identifier(called(name))} AS ${identifier(name)}`), identifier(FILE_COLUMN)].join(', ')
    return byForm(files)
      .map(([form, list]) => `SELECT ${items} FROM read_json([${list}], columns = {${struct}}, ${options(form)})`)
      .join(' UNION ALL ')
  },
  text: {
    layoutOf,
    async names(database, files, where) {
      const each = byForm(files).map(([form, list]) => `SELECT json FROM read_json_objects([${list}], format = '${DUCKDB_FORMS[form]}')`)
      const rows = await database.query(`SELECT DISTINCT unnest(json_keys(json)) AS name FROM (${each.join(' UNION ALL ')})`, where)
      return new Set(rows.map(({ name }) => String(name)))
    },
    textOf,
    isPresent: (_kind, raw) => `${raw} IS NOT NULL`,
    async placeOf(file, { form }, row) {
      if (form === 'array') return `element ${row}`
      const line = await lineOfObject(readTexts(file), row)
      return line === undefined ? undefined : `line ${line}`
    },
    explain,
  },
}

function options(form: 'array' | 'lines'): string {
  return `format = '${DUCKDB_FORMS[form]}', auto_detect = false, hive_partitioning = false, filename = ${literal(FILE_COLUMN)}`
}

function byForm(files: readonly SourceFile[]): (readonly [form: 'array' | 'lines', list: string])[] {
  const groups = Map.groupBy(files, ({ layout }) => layout?.form ?? 'lines')
  return [...groups].map(([form, each]) => [form, each.map(({ path }) => literal(path)).join(', ')] as const)
}

/** By how the raw value begins: only texts need to be parsed again. NaN and the infinities stand in quotes, as JSON has no words for them. */
function textOf(kind: ColumnKind, raw: string): string {
  const value = `CAST(${raw} AS VARCHAR)`
  switch (kind) {
    case 'string':
    case 'timestamp':
      return `CASE WHEN starts_with(${value}, '"') THEN ${raw}->>'$' END`
    case 'boolean':
      return `CASE WHEN ${value} IN ('true', 'false') THEN ${value} END`
    case 'float64':
      return `CASE WHEN ${value} IN ('"NaN"', '"Infinity"', '"-Infinity"') THEN trim(${value}, '"') ELSE ${value} END`
    case 'int64':
      return value
  }
}

async function layoutOf(file: string): Promise<Layout> {
  const start = (await readStart(file, START_MAX)).trimStart()
  const isLines = !/\.json(\.gz|\.zst)?$/i.test(file)
  if (start.startsWith('[') && !isLines) return { form: 'array' }
  if (start === '' || start.startsWith('{')) return { form: 'lines' }
  throw new PrescoreError('source_unreadable', {
    found: `a file that begins with ${JSON.stringify(start.slice(0, 12))}`,
    expected: isLines ? 'an object a line' : 'an array of objects, or an object a line',
    fix: 'Write the file with a JSON library, or give it the ending of what it is.',
  })
}

/** DuckDB names the file; the place is found by reading it again, as its own count is of blocks. */
async function explain(message: string, files: readonly SourceFile[]): Promise<Explanation | undefined> {
  const name = / in file "(.+?)"/.exec(message)?.[1]
  const file = files.find(({ path }) => path === name)
  if (name === undefined || file === undefined) return undefined
  const twice = /has duplicate key "(.+)"/.exec(message)?.[1]
  const reason = /(?:at byte \d+ in \S+ \d+|in \S+ \d+): (.+)/.exec(message)?.[1]?.trim() ?? 'something else'
  if (reason.includes('byte order mark')) {
    const fix = 'Write the file in UTF-8 without a byte order mark.'
    return { at: name, found: 'a byte order mark', expected: 'an object a line', fix }
  }
  const wanted = { expected: 'an array of objects, or an object a line', fix: 'Write the file with a JSON library, one value a row.' }
  const found = twice === undefined ? reason.replace(/\.$/, '') : `the member "${twice}" twice`
  if (file.layout?.form === 'array') {
    const element = /transform error in file ".+?", in record\/value (\d+)/.exec(message)?.[1]
    return { at: element === undefined ? name : `${name}, element ${element}`, found, ...wanted }
  }
  const broken = await firstBrokenLine(readTexts(name))
  const line = /transform error in file ".+?", in line (\d+)/.exec(message)?.[1]
  if (broken !== undefined) return { at: `${name}, line ${broken.line}`, found: broken.found, ...wanted }
  return { at: line === undefined ? name : `${name}, line ${line}`, found, ...wanted }
}

/** Text cells against the declaration: which types the columns have, or where a cell is that does not fit. */
import { resolve } from 'node:path'
import { asPrescoreError, type ErrorDetails, PrescoreError, type Problem, problem } from '../base/index.ts'
import { type Database, identifier, literal } from '../parquet/index.ts'
import type { ColumnKind } from '../project/index.ts'
import { cellAdvice, EXPECTED_CELLS } from './cell-advice.ts'
import {
  type DataTypes,
  type Format,
  INSTANT,
  LOCAL_TIME,
  nameIn,
  type SourceFile,
  TEXT_TYPES,
  type TextFormat,
  valueOf,
} from './formats/index.ts'
import type { SourceAt } from './source-at.ts'

interface Cells {
  readonly name: string
  readonly kind: ColumnKind
  readonly present: number
  /** Of another kind than declared. */
  readonly wrong: number
  /** Of times: with and without a zone. */
  readonly zoned: number
  readonly local: number
}

/**
 * Reads every declared cell of the files. @param files with absolute paths.
 * @throws PrescoreError `source_unreadable`, `project_invalid` with a `wrong_cell` for each column that has one
 */
export async function surveyTexts(database: Database, source: SourceAt, format: Format, files: readonly SourceFile[]): Promise<DataTypes> {
  const where = `sources.${source.name}`
  const text = format.text as TextFormat
  try {
    // A kind that does not exist is the project check's to tell.
    const columns = Object.entries(source.definition.columns).filter(([, kind]) => Object.hasOwn(EXPECTED_CELLS, kind))
    if (columns.length === 0) return new Map()
    const names = columns.map(([name]) => name)
    const cells = await countCells(database, `(${format.read(files, names)})`, columns, text, where)
    const problems: Problem[] = []
    for (const each of cells) if (each.wrong > 0) problems.push(await locate(database, source, format, files, each))
    if (problems.length > 0) throw new PrescoreError('project_invalid', { where, problems })
    return await typesOf(
      cells,
      () => text.names(database, files, where),
      name => nameIn(files[0] ?? {}, name),
    )
  } catch (error) {
    throw await explained(error, text, files, where, source.folder)
  }
}

/** The texts that folders give, as `day=3` does: few, one a file. @throws PrescoreError `project_invalid` */
export async function surveyFolders(
  database: Database,
  source: SourceAt,
  names: readonly string[],
  textsOf: (name: string) => readonly string[],
): Promise<DataTypes> {
  const where = `sources.${source.name}`
  const types = new Map<string, string>()
  for (const name of names) {
    const kind = source.definition.columns[name] as ColumnKind
    const values = [...new Set(textsOf(name))].map(value => `(nullif(url_decode(${literal(value)}), '__HIVE_DEFAULT_PARTITION__'))`)
    const plain: Pick<TextFormat, 'textOf' | 'isPresent'> = { textOf: (_, raw) => raw, isPresent: (_, raw) => `${raw} IS NOT NULL` }
    const from = `(VALUES ${values.join(', ')}) folders(${identifier(name)})`
    const [cells] = (await countCells(database, from, [[name, kind]], plain, where)) as [Cells]
    if (cells.wrong > 0) {
      const [row] = await database.query(`SELECT ${identifier(name)} AS raw FROM ${from} WHERE ${isWrong(plain, cells)} LIMIT 1`, where)
      const found = JSON.stringify(String(row?.raw))
      const wrong = problem(
        'wrong_cell',
        `${where}, folder ${name}=${row?.raw}`,
        found,
        EXPECTED_CELLS[kind],
        cellAdvice(kind, String(row?.raw)),
      )
      throw new PrescoreError('project_invalid', { where, problems: [wrong] })
    }
    types.set(name, typeOf(cells))
  }
  return types
}

async function countCells(
  database: Database,
  from: string,
  columns: readonly (readonly [string, ColumnKind])[],
  text: Pick<TextFormat, 'textOf' | 'isPresent'>,
  where: string,
): Promise<Cells[]> {
  const items = columns.flatMap(([name, kind], i) => {
    const raw = identifier(name)
    const types = kind === 'timestamp' ? [INSTANT, LOCAL_TIME] : ['']
    const values = types.map((type, t) => `count(${valueOf(kind, text.textOf(kind, raw), type)}) AS value${i}_${t}`)
    return [`count_if(${text.isPresent(kind, raw)}) AS present${i}`, ...values]
  })
  const [row] = await database.query(`SELECT ${items.join(', ')} FROM ${from}`, where)
  return columns.map(([name, kind], i) => {
    const [present, zoned, local] = [row?.[`present${i}`], row?.[`value${i}_0`], row?.[`value${i}_1`] ?? 0].map(Number) as [
      number,
      number,
      number,
    ]
    // No text is a time both with and without a zone.
    return { name, kind, present, zoned, local, wrong: present - zoned - local }
  })
}

/** SQL: a cell that holds something, but no value of its column's kind. */
function isWrong({ textOf, isPresent }: Pick<TextFormat, 'textOf' | 'isPresent'>, { name, kind }: Pick<Cells, 'name' | 'kind'>): string {
  const raw = identifier(name)
  const types = kind === 'timestamp' ? [INSTANT, LOCAL_TIME] : ['']
  return [isPresent(kind, raw), ...types.map(type => `${valueOf(kind, textOf(kind, raw), type)} IS NULL`)].join(' AND ')
}

/** The first cell that does not fit, by the order of files and rows. */
async function locate(
  database: Database,
  { name, folder }: SourceAt,
  format: Format,
  files: readonly SourceFile[],
  cells: Cells,
): Promise<Problem> {
  const where = `sources.${name}`
  const text = format.text as TextFormat
  for (const file of files) {
    const numbered = `SELECT row_number() OVER () AS number, ${identifier(cells.name)} FROM (${format.read([file], [cells.name])})`
    const sql = `SELECT number, CAST(${identifier(cells.name)} AS VARCHAR) AS raw FROM (${numbered}) WHERE ${isWrong(text, cells)} ORDER BY number LIMIT 1`
    const [row] = await database.query(sql, where)
    if (row === undefined) continue
    const place = await text.placeOf(file.path, file.layout ?? {}, Number(row.number))
    return wrongCell(
      where,
      [shortPath(file.path, folder), place].filter(part => part !== undefined).join(', '),
      String(row.raw),
      format,
      cells,
    )
  }
  throw new PrescoreError('source_changed', { where, found: 'other cells than a moment ago' })
}

function wrongCell(where: string, at: string, raw: string, { name: format }: Format, { name, kind, wrong }: Cells): Problem {
  const shown = format === 'JSON' ? raw : JSON.stringify(raw)
  const cut = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
  const others = wrong === 1 ? '' : `, and ${wrong - 1} more in this column`
  return problem('wrong_cell', `${where}, ${at}, column ${name}`, `${cut}${others}`, EXPECTED_CELLS[kind], cellAdvice(kind, raw, format))
}

async function typesOf(
  cells: readonly Cells[],
  names: () => Promise<ReadonlySet<string>>,
  called: (name: string) => string,
): Promise<DataTypes> {
  const known = cells.every(({ present }) => present > 0) ? undefined : await names()
  const found = cells.filter(({ name, present }) => present > 0 || known?.has(called(name)) === true)
  const others = [...(known ?? [])].filter(name => !cells.some(each => called(each.name) === name))
  return new Map([...found.map(each => [each.name, typeOf(each)] as const), ...others.map(name => [name, TEXT_TYPES.string] as const)])
}

/** Times of both kinds in one column fit no declaration. */
function typeOf({ kind, zoned, local }: Cells): string {
  if (kind !== 'timestamp') return TEXT_TYPES[kind]
  if (zoned > 0 && local > 0) return `${LOCAL_TIME} and ${INSTANT}`
  return local > 0 ? LOCAL_TIME : INSTANT
}

/** DuckDB's error in words that name the file (below the folder, if it lies there), the line, and what to do. */
export async function explained(
  thrown: unknown,
  text: TextFormat,
  files: readonly SourceFile[],
  where: string | undefined,
  folder: string,
): Promise<PrescoreError> {
  const error = asPrescoreError(thrown)
  if (error.code !== 'source_unreadable' || !(error.cause instanceof Error)) return error
  const explanation = await text.explain(error.cause.message, files).catch(() => undefined)
  if (explanation === undefined) return error
  const { at, ...rest } = explanation
  const place = shortPath(at, folder)
  const details: ErrorDetails = { where: where === undefined ? place : `${where}, ${place}`, ...rest, cause: error.cause }
  return new PrescoreError('source_unreadable', details)
}

function shortPath(path: string, folder: string): string {
  const prefix = `${resolve(folder)}/`
  return path.startsWith(prefix) ? path.slice(prefix.length) : path
}

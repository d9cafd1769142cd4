/**
 * What the columns of files seem to be, for a first project file: a person reads the declaration that is made of it.
 * Nothing else guesses: a scan reads what is declared.
 */
import { resolve } from 'node:path'
import { type Database, identifier, literal } from '../parquet/index.ts'
import type { ColumnKind, PostgresRowsDefinition, SourceDefinition } from '../project/index.ts'
import { isLocalTime, kindOf } from './columns.ts'
import { findFiles } from './files.ts'
import { type DataTypes, type Format, formatOf, INSTANT, LOCAL_TIME, type SourceFile, type TextFormat, valueOf } from './formats/index.ts'
import { fromFiles, inspectFiles } from './inspect.ts'
import { pinSource } from './pin.ts'
import { describeDatabase } from './postgres/snapshot.ts'
import type { SourceAt } from './source-at.ts'
import { explained } from './survey.ts'

export interface GuessedColumn {
  readonly name: string
  /** In the data: most often the same. */
  readonly called: string
  readonly kind: ColumnKind
  /** Rows that have a value. */
  readonly present: number
  readonly distinct: number
  /** Whole numbers beyond ±2^53: keys or ids, no numbers to compute with. */
  readonly isWide: boolean
  /** Times without a zone. */
  readonly isLocal: boolean
  /** One of its values, as a text. */
  readonly example: string | undefined
  /** Of times, in microseconds, as they stand. */
  readonly latestUs?: number
  readonly earliestUs?: number
}

export interface GuessedData {
  readonly rows: number
  readonly columns: readonly GuessedColumn[]
  /** Columns that no kind fits, with the type that they have. */
  readonly unreadable: readonly { readonly name: string; readonly type: string }[]
}

/** In the order in which a text is tried. Times with and without a zone are no one kind. */
const TRIED: readonly (readonly [kind: ColumnKind, type: string])[] = [
  ['int64', ''],
  ['float64', ''],
  ['boolean', ''],
  ['timestamp', INSTANT],
  ['timestamp', LOCAL_TIME],
  ['string', ''],
]
/** Of a database, whose tables may be of any size. */
const GUESSED_ROWS = 100_000
const ANY_NAME = /^[A-Za-z][A-Za-z0-9_]*$/

/** @param pattern a file, folder or glob, relative to the folder. @throws PrescoreError `source_unreadable`, `not_supported`, `project_invalid` */
export async function guessColumns(database: Database, pattern: string, folder: string): Promise<GuessedData> {
  const paths = findFiles([pattern], folder, pattern)
  const format = formatOf(paths[0] as string) as Format
  const source = (columns: SourceDefinition['columns'], names: Readonly<Record<string, string>> = {}): SourceAt => ({
    name: 'data',
    folder,
    definition: { type: 'table', files: paths, columns, names, derive: {} },
  })
  const { columns, unreadable } =
    format.text === undefined
      ? kindsOf((await inspectFiles(database, source({}), paths)).types)
      : await textKinds(database, format, format.text, paths, folder)
  const names = declarable(Object.keys(columns))
  const declared = Object.fromEntries(Object.entries(names).map(([name, called]) => [name, columns[called] as ColumnKind]))
  if (Object.keys(declared).length === 0) return { rows: 0, columns: [], unreadable }
  const at = source(declared, Object.fromEntries(Object.entries(names).filter(([name, called]) => name !== called)))
  const { files, types } = await inspectFiles(database, at, paths)
  const { rows, columns: guessed } = await statistics(database, fromFiles(at, files, types), declared, types)
  return { rows, columns: guessed.map(each => ({ ...each, called: names[each.name] as string })), unreadable }
}

/** The same of a table in a database: of its first rows, which are read into the folder. @throws PrescoreError what reading a database throws */
export async function guessTable(database: Database, from: PostgresRowsDefinition, folder: string): Promise<GuessedData> {
  const { table = '', ...rest } = from
  const first = { ...rest, query: `SELECT * FROM ${table.split('.').map(identifier).join('.')} LIMIT ${GUESSED_ROWS}` }
  const source = (columns: SourceDefinition['columns'], names: Readonly<Record<string, string>>): SourceAt => ({
    name: 'data',
    folder,
    snapshots: folder,
    definition: { type: 'table', files: [], from: first, columns, names, zone: 'UTC', derive: {} },
  })
  const { columns, unreadable } = kindsOf(await describeDatabase(source({}, {})))
  const names = declarable(Object.keys(columns))
  const declared = Object.fromEntries(Object.entries(names).map(([name, called]) => [name, columns[called] as ColumnKind]))
  if (Object.keys(declared).length === 0) return { rows: 0, columns: [], unreadable }
  const at = source(declared, names)
  const { files, types } = await pinSource(database, at)
  const known = new Map(Object.entries(types))
  const { rows, columns: guessed } = await statistics(database, fromFiles(at, files, known), declared, known)
  return { rows, columns: guessed.map(each => ({ ...each, called: names[each.name] as string })), unreadable }
}

/** A name for each column that can be declared, with what it is called in the data: `airport_name` for `Airport Name`. */
function declarable(called: readonly string[]): Readonly<Record<string, string>> {
  const names = new Map<string, string>()
  const taken = new Set<string>()
  for (const each of called) {
    const plain = ANY_NAME.test(each)
      ? each
      : each
          .trim()
          .replaceAll(/[^A-Za-z0-9]+/g, '_')
          .replaceAll(/^[^A-Za-z]+|_+$/g, '')
          .toLowerCase()
    let name = plain === '' ? 'column' : plain
    for (let i = 2; taken.has(name.toLowerCase()); i++) name = `${plain === '' ? 'column' : plain}_${i}`
    taken.add(name.toLowerCase())
    names.set(name, each)
  }
  return Object.fromEntries(names)
}

interface Kinds {
  readonly columns: Readonly<Record<string, ColumnKind>>
  readonly unreadable: GuessedData['unreadable']
}

function kindsOf(types: DataTypes): Kinds {
  const each = [...types].map(([name, type]) => ({ name, type, kind: kindOf(type) }))
  return {
    columns: Object.fromEntries(each.flatMap(({ name, kind }) => (kind === undefined ? [] : [[name, kind] as const]))),
    unreadable: each.filter(({ kind }) => kind === undefined).map(({ name, type }) => ({ name, type })),
  }
}

/** The first kind that every cell of a column is; one without any is taken for texts. */
async function textKinds(database: Database, format: Format, text: TextFormat, paths: readonly string[], folder: string): Promise<Kinds> {
  const files: SourceFile[] = []
  for (const each of paths) files.push({ path: resolve(folder, each), layout: await text.layoutOf(resolve(folder, each), []) })
  const where = paths[0] as string
  const explain = async (error: unknown): Promise<never> => {
    throw await explained(error, text, files, undefined, folder)
  }
  const names = [...(await text.names(database, files, where).catch(explain))]
  if (names.length === 0) return { columns: {}, unreadable: [] }
  const items = names.flatMap((name, i) =>
    TRIED.map(([kind, type], t) => `${everyCell(text, identifier(name), kind, type)} AS fits${i}_${t}`),
  )
  const [row] = await database.query(`SELECT ${items.join(', ')} FROM (${format.read(files, names)})`, where).catch(explain)
  const found = names.map((name, i) => [name, TRIED.find((_, t) => row?.[`fits${i}_${t}`] === true)?.[0]] as const)
  return {
    columns: Object.fromEntries(found.flatMap(([name, kind]) => (kind === undefined ? [] : [[name, kind] as const]))),
    unreadable: found.filter(([, kind]) => kind === undefined).map(([name]) => ({ name, type: 'values of several kinds, or nested ones' })),
  }
}

/** SQL: whether all cells of a column are of a kind, and there are some. A code with leading zeros is no number. */
function everyCell(text: TextFormat, raw: string, kind: ColumnKind, type: string): string {
  const fits = `count(${valueOf(kind, text.textOf(kind, raw), type)}) = count_if(${text.isPresent(kind, raw)})`
  if (kind === 'string') return fits
  const isNumber = kind === 'int64' || kind === 'float64'
  const codes = `count_if(regexp_full_match(${text.textOf(kind, raw)}, ${literal('[+-]?0[0-9].*')}))`
  return `${fits} AND count_if(${text.isPresent(kind, raw)}) > 0${isNumber ? ` AND ${codes} = 0` : ''}`
}

async function statistics(
  database: Database,
  from: string,
  columns: Readonly<Record<string, ColumnKind>>,
  types: DataTypes,
): Promise<Omit<GuessedData, 'unreadable'>> {
  const entries = Object.entries(columns)
  const items = entries.flatMap(([name, kind], i) => {
    const sql = identifier(name)
    const isTime = kind === 'timestamp'
    const bound = (which: string) =>
      isTime ? `epoch_us(CAST(${which}(${sql}) AS ${isLocalTime(types, name) ? 'TIMESTAMP' : 'TIMESTAMPTZ'}))` : 'NULL'
    return [
      `count(${sql}) AS present${i}`,
      `count(DISTINCT ${sql}) AS distinct${i}`,
      `CAST(min(${sql}) AS VARCHAR) AS example${i}`,
      `${kind === 'int64' ? `count_if(${sql} NOT BETWEEN -9007199254740991 AND 9007199254740991) > 0` : 'false'} AS wide${i}`,
      `${bound('min')} AS earliest${i}`,
      `${bound('max')} AS latest${i}`,
    ]
  })
  const [row] = await database.query(`SELECT ${['count(*) AS rows', ...items].join(', ')} FROM ${from}`, 'the data')
  const time = (name: string) => (row?.[name] === null || row?.[name] === undefined ? undefined : Number(row[name]))
  const guessed = entries.map(([name, kind], i): GuessedColumn => {
    const [earliestUs, latestUs] = [time(`earliest${i}`), time(`latest${i}`)]
    const example = row?.[`example${i}`]
    return {
      name,
      called: name,
      kind,
      present: Number(row?.[`present${i}`]),
      distinct: Number(row?.[`distinct${i}`]),
      isWide: row?.[`wide${i}`] === true,
      isLocal: kind === 'timestamp' && isLocalTime(types, name),
      example: example === null || example === undefined ? undefined : String(example),
      ...(earliestUs === undefined ? {} : { earliestUs }),
      ...(latestUs === undefined ? {} : { latestUs }),
    }
  })
  return { rows: Number(row?.rows), columns: guessed }
}

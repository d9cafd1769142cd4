/** A source at one moment: which bytes it consists of, how many rows, and whether its promises hold. */
import { resolve } from 'node:path'
import { checkSignal, PrescoreError } from '../base/index.ts'
import { type Database, identifier } from '../parquet/index.ts'
import { type ArrivedPin, pinArrived } from './arrived.ts'
import { compareColumns, NANOSECONDS } from './columns.ts'
import { rowsByFooters } from './described.ts'
import { countDuplicates } from './duplicates.ts'
import { type FilePin, findFiles, pinFile, verifyFile } from './files.ts'
import { type DataTypes, formatOf } from './formats/index.ts'
import { fromFiles, inspectFiles } from './inspect.ts'
import type { PinsAhead } from './pins-ahead.ts'
import { describeDatabase, takeSnapshots } from './postgres/snapshot.ts'
import { pathOf, type SourceAt } from './source-at.ts'

/** Plain data: recorded with a run, shipped to workers. */
export interface SourcePin {
  /** In the order of their paths. */
  readonly files: readonly FilePin[]
  /** DuckDB's type of each declared column. */
  readonly types: Readonly<Record<string, string>>
  readonly rows: number
  /** Rows beyond the first of each id. */
  readonly duplicates: number
  /** Files count where they were known before this moment; absent: everywhere. */
  readonly untilUs?: number
  /** What arrived since; absent: nothing. */
  readonly arrived?: ArrivedPin
  /** All that was known by this moment is in it: when the event log last took events or a heartbeat. Absent: nothing says so. */
  readonly throughUs?: number
}

/**
 * Reads the data's columns: of Parquet without rows, of texts with every declared cell.
 * @throws PrescoreError `source_unreadable`, `not_supported`, `project_invalid` (cells that do not fit)
 */
export async function describeFiles(database: Database, source: SourceAt): Promise<DataTypes> {
  const { definition, folder, name } = source
  if (definition.from !== undefined) return describeDatabase(source)
  return (await inspectFiles(database, source, findFiles(definition.files, folder, `sources.${name}`))).types
}

/** Takes a source as it is now. @throws PrescoreError as {@link pinSources} */
export async function pinSource(database: Database, source: SourceAt): Promise<SourcePin> {
  return (await pinSources(database, [source])).get(source.name) as SourcePin
}

/** A source as it is now, while its files may still be hashed. */
export interface Survey {
  /** Good to read by, and for nothing else: what identifies it may be missing. */
  readonly pin: SourcePin
  /** The same with all hashes. @throws PrescoreError `source_unreadable`, `source_changed` (while it was read) */
  pinned(): Promise<SourcePin>
}

/** Takes sources as they are now; those of one database as they were at one moment. @throws PrescoreError as {@link surveySources}, and `source_changed` */
export async function pinSources(
  database: Database,
  sources: readonly SourceAt[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, SourcePin>> {
  const pins = new Map<string, SourcePin>()
  for (const [name, survey] of await surveySources(database, sources, signal)) pins.set(name, await survey.pinned())
  return pins
}

/**
 * Looks at sources as they are now; those of one database as they were at one moment.
 * @param ahead who hashes files already: they are not waited for
 * @throws PrescoreError `source_unreadable`, `not_supported`, `project_invalid` (columns or cells that do not fit), `missing_time`,
 * `missing_id`, `lossy_cast` (times finer than a microsecond), `source_changed` (while it was read), what its event log throws, and
 * what reading a database throws
 */
export async function surveySources(
  database: Database,
  sources: readonly SourceAt[],
  signal?: AbortSignal,
  ahead?: PinsAhead,
): Promise<ReadonlyMap<string, Survey>> {
  const inDatabases = sources.filter(({ definition }) => definition.from !== undefined)
  const snapshots = await takeSnapshots(inDatabases, signal)
  const surveys = new Map<string, Survey>()
  for (const source of sources) {
    checkSignal(signal)
    const snapshot = snapshots.get(source.name)
    const pin = await pinFiles(database, source, snapshot === undefined ? await filesNow(source, ahead) : [snapshot])
    surveys.set(source.name, { pin, pinned: async () => ({ ...pin, files: await hashed(source, pin, ahead) }) })
  }
  return surveys
}

/** Stands for a hash that is not there yet. */
const UNDER_WAY = ''

async function filesNow({ name, definition, folder }: SourceAt, ahead: PinsAhead | undefined): Promise<readonly FilePin[]> {
  const files: FilePin[] = []
  for (const path of findFiles(definition.files, folder, `sources.${name}`)) {
    const begun = ahead?.begun(resolve(folder, path))
    files.push(begun === undefined ? await pinFile(path, folder) : { path, ...begun, sha256: UNDER_WAY })
  }
  return files
}

async function hashed({ name, folder }: SourceAt, { files }: SourcePin, ahead: PinsAhead | undefined): Promise<readonly FilePin[]> {
  const all: FilePin[] = []
  for (const file of files) {
    const isUnderWay = file.sha256 === UNDER_WAY
    const now = isUnderWay ? ((await ahead?.of(resolve(folder, file.path))) ?? (await pinFile(file.path, folder))) : file
    if (now.bytes !== file.bytes || now.modifiedMs !== file.modifiedMs)
      throw new PrescoreError('source_changed', { where: `sources.${name}`, found: `${file.path} with other content than a moment before` })
    all.push({ ...file, sha256: now.sha256 })
  }
  return all
}

async function pinFiles(database: Database, source: SourceAt, pinned: readonly FilePin[]): Promise<SourcePin> {
  const where = `sources.${source.name}`
  const { definition } = source
  const inspected = await inspectFiles(
    database,
    asFiles(source),
    pinned.map(({ path }) => path),
  )
  const { types } = inspected
  const problems = compareColumns(definition, types, where)
  if (problems.length > 0) throw new PrescoreError('project_invalid', { where, problems })
  const files = pinned.map((pin, i): FilePin => ({ ...pin, ...inspected.files[i] }))
  const from = fromFiles(source, files, types)
  const isParsed = formatOf(files[0]?.path ?? '')?.text !== undefined
  const { rows, duplicates } =
    (await counted(database, source, files, from, types)) ?? (await count(database, source, from, types, isParsed))
  const declared = Object.keys(definition.columns).map(name => [name, types.get(name) as string])
  const { untilUs } = definition
  const since = { ...(untilUs === undefined ? {} : { untilUs }), ...(await pinArrived(database, source, from)) }
  const pin = { files, types: Object.fromEntries(declared), rows, duplicates, ...since }
  await verifyPin(source, pin)
  return pin
}

/** What was read of a database has the declared names. */
function asFiles(source: SourceAt): SourceAt {
  const { from, names: _, ...definition } = source.definition
  return from === undefined ? source : { ...source, definition, folder: source.snapshots as string }
}

/** @throws PrescoreError `source_changed` when the source is not what was pinned. */
export async function verifyPin(source: SourceAt, pin: SourcePin): Promise<void> {
  for (const file of pin.files) await verifyFile(file, pathOf(source, file), `sources.${source.name}`)
}

/**
 * What identifies the pinned bytes, wherever they lie and whatever the files are called; the names and folders that give columns count
 * as well. A heartbeat says something of the rows, and changes none.
 */
export function pinIdentity(pin: SourcePin): unknown {
  const files = pin.files.map(({ bytes, sha256, names, folders }) => ({ bytes, sha256, names, folders }))
  const textOf = (file: (typeof files)[number]) => `${file.sha256} ${JSON.stringify([file.names ?? {}, file.folders ?? {}])}`
  return {
    files: files.sort((a, b) => (textOf(a) < textOf(b) ? -1 : 1)),
    rows: pin.rows,
    untilUs: pin.untilUs,
    arrived: pin.arrived,
  }
}

/** What {@link count} says, where footers tell it. Undefined: they do not, or a promise is broken. */
async function counted(
  database: Database,
  source: SourceAt,
  files: readonly FilePin[],
  from: string,
  types: DataTypes,
): Promise<Pick<SourcePin, 'rows' | 'duplicates'> | undefined> {
  const { name, definition } = source
  const { id, columns } = definition
  if (Object.keys(columns).some(column => types.get(column) === NANOSECONDS)) return undefined
  const rows = await rowsByFooters(
    definition,
    files.map(file => ({ ...file, path: pathOf(source, file) })),
  )
  if (rows === undefined) return undefined
  return { rows, duplicates: id === undefined ? 0 : await countDuplicates(database, id, from, `sources.${name}`) }
}

/** Counts the rows, refusing those that break a promise. */
async function count(
  database: Database,
  { name, definition }: SourceAt,
  from: string,
  types: DataTypes,
  isParsed: boolean,
): Promise<Pick<SourcePin, 'rows' | 'duplicates'>> {
  const { id, time, columns } = definition
  const where = `sources.${name}`
  const declaredTime = time !== undefined && Object.hasOwn(columns, time) ? time : undefined
  const fine = Object.keys(columns).filter(column => types.get(column) === NANOSECONDS)
  // Texts are parsed once, for all of it; Parquet knows of most of its row groups that nothing is missing.
  const missing = (column: string | undefined): string => {
    if (column === undefined) return '0'
    return isParsed ? `count(*) - count(${identifier(column)})` : `(SELECT count(*) FROM ${from} WHERE ${identifier(column)} IS NULL)`
  }
  const items = [
    'count(*)',
    missing(declaredTime),
    missing(id),
    id === undefined || !isParsed ? '0' : `count(${identifier(id)}) - count(DISTINCT ${identifier(id)})`,
    ...fine.map(column => `count_if(epoch_ns(${identifier(column)}) % 1000 <> 0)`),
  ]
  const [found] = await database.query(`SELECT ${items.map((item, i) => `${item} AS c${i}`).join(', ')} FROM ${from}`, where)
  const [rows, withoutTime, withoutId, duplicates, ...lossy] = items.map((_, i) => Number(found?.[`c${i}`])) as [
    number,
    number,
    number,
    number,
    ...number[],
  ]
  if (withoutTime > 0)
    throw new PrescoreError('missing_time', {
      where,
      found: `${withoutTime} of ${rows} rows without \`${time}\``,
      expected: 'a time in every row',
    })
  if (withoutId > 0)
    throw new PrescoreError('missing_id', {
      where,
      found: `${withoutId} of ${rows} rows without \`${id}\``,
      expected: 'an id in every row',
    })
  fine.forEach((column, i) => refuseNanoseconds(lossy[i] as number, rows, `${where}.columns.${column}`))
  return { rows, duplicates: id === undefined || isParsed ? duplicates : await countDuplicates(database, id, from, where) }
}

function refuseNanoseconds(lossy: number, rows: number, where: string): void {
  if (lossy === 0) return
  const found = `${lossy} of ${rows} rows with a fraction of a microsecond`
  throw new PrescoreError('lossy_cast', {
    where,
    found,
    expected: 'whole microseconds',
    fix: 'Round the column to microseconds in the data.',
  })
}

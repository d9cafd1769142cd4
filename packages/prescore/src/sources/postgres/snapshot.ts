/**
 * What was read of a database, once, as a file: rows there change, and a run that is repeated must read the same ones. Everything
 * that reads the source reads this file, whoever it is and whenever.
 *
 * Sources of one database are read in one transaction, so they are of one moment. The rows are sorted, so the file's name, which is
 * its content, is the same for the same rows, in whatever order the database gave them.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Client } from 'pg'
import { checkSignal, PrescoreError, removeScratch, unfinished } from '../../base/index.ts'
import { copyTo, Database, identifier, literal, type StoredColumns, writeParquet } from '../../parquet/index.ts'
import { transaction, urlOf, withClient } from '../../postgres/index.ts'
import type { PostgresRowsDefinition } from '../../project/index.ts'
import { compareColumns } from '../columns.ts'
import { type FilePin, pinFile } from '../files.ts'
import { type DataTypes, LOCAL_TIME, nameIn } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import { type Portion, readPortions } from './cursor.ts'
import { describeColumns, named, typesOf } from './describe.ts'
import { readingFailed } from './failures.ts'
import { TEXT_SETTINGS } from './text-rows.ts'

/** Beyond what the server may take: then it, or the way to it, is gone. */
const ANSWER_MS = 5_000
const NEEDED_BY = 'a source in PostgreSQL'
/** Texts of the rows that are held before they are written. */
const PART_BYTES = 16 << 20
/** Of the sort, which spills to the disk beyond. */
const SORT_MB = 1_024
/** What the server may wait for us between portions, while they are written. */
const IDLE = '10min'
/** A lock that somebody holds, who changes the table. */
const LOCK = '30s'

/**
 * Reads sources of databases as they are now.
 * @throws PrescoreError `source_unavailable`, `source_unreadable`, `project_invalid` (columns that do not fit), `time_out_of_range`,
 * `package_missing`, `interrupted`
 */
export async function takeSnapshots(sources: readonly SourceAt[], signal?: AbortSignal): Promise<ReadonlyMap<string, FilePin>> {
  const files = new Map<string, FilePin>()
  for (const group of Map.groupBy(sources, ({ definition }) => definition.from?.url.env).values()) {
    await reading(group[0] as SourceAt, async client => {
      const types = new Map<string, DataTypes>()
      for (const source of group) types.set(source.name, await described(client, source))
      const moment = await client.query('SELECT (extract(epoch FROM transaction_timestamp()) * 1000000)::int8 AS us')
      for (const source of group) {
        const file = await failing(source, () => spool(client, source, types.get(source.name) as DataTypes, signal))
        files.set(source.name, { ...file, readAtUs: Number(moment.rows[0].us) })
      }
    })
  }
  return files
}

/** The declared columns that the rows have, with their types, and all others. @throws PrescoreError as {@link takeSnapshots} */
export function describeDatabase(source: SourceAt): Promise<DataTypes> {
  return reading(source, client => failing(source, async () => named(source, typesOf(await describeColumns(client, fromOf(source))))))
}

/** One transaction that only reads, of one moment. */
async function reading<T>(source: SourceAt, use: (client: Client) => Promise<T>): Promise<T> {
  const from = fromOf(source)
  const where = `sources.${source.name}`
  const url = urlOf(from.url, where, 'source_unreadable')
  const settings = [
    `statement_timeout = ${from.timeoutMs}`,
    `lock_timeout = '${LOCK}'`,
    `idle_in_transaction_session_timeout = '${IDLE}'`,
    ...TEXT_SETTINGS,
  ]
  return failing(source, () =>
    withClient(
      url,
      NEEDED_BY,
      client =>
        transaction(
          client,
          async () => {
            for (const setting of settings) await client.query(`SET LOCAL ${setting}`)
            return use(client)
          },
          'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY',
        ),
      from.timeoutMs + ANSWER_MS,
    ),
  )
}

async function failing<T>(source: SourceAt, use: () => Promise<T>): Promise<T> {
  try {
    return await use()
  } catch (error) {
    throw readingFailed(error, fromOf(source), `sources.${source.name}`)
  }
}

async function described(client: Client, source: SourceAt): Promise<DataTypes> {
  const where = `sources.${source.name}`
  const types = await failing(source, async () => typesOf(await describeColumns(client, fromOf(source))))
  const problems = compareColumns(source.definition, named(source, types), where)
  if (problems.length > 0) throw new PrescoreError('project_invalid', { where, problems })
  return types
}

function fromOf({ definition }: SourceAt): PostgresRowsDefinition {
  return definition.from as PostgresRowsDefinition
}

/** Writes the rows in parts, then all of them sorted, under the name of what came out. */
async function spool(client: Client, source: SourceAt, types: DataTypes, signal: AbortSignal | undefined): Promise<FilePin> {
  const snapshots = placeOf(source)
  const folder = unfinished(join(snapshots, `reading-${randomUUID()}`))
  await mkdir(folder, { recursive: true })
  const database = await Database.open({ threads: 1, memoryMb: SORT_MB, spillTo: folder })
  try {
    const { parts, rows } = await writeParts(database, folder, source.definition.columns, readPortions(client, source, types), signal)
    const file = join(folder, 'sorted.parquet')
    await copyTo(database, sorted(source, types, parts), file, 'parquet')
    await reconcile(database, file, rows, `sources.${source.name}`)
    const pin = await pinFile(file, folder)
    return { ...pin, path: await settled(file, snapshots, `${source.name}-${pin.sha256.slice(0, 16)}.parquet`) }
  } finally {
    database.close()
    await removeScratch(folder)
  }
}

function placeOf({ name, snapshots }: SourceAt): string {
  if (snapshots !== undefined) return snapshots
  throw new PrescoreError('not_supported', { where: `sources.${name}`, found: 'rows of a database, and no place for them' })
}

async function writeParts(
  database: Database,
  folder: string,
  columns: StoredColumns,
  portions: AsyncGenerator<Portion>,
  signal: AbortSignal | undefined,
): Promise<{ readonly parts: readonly string[]; readonly rows: number }> {
  const parts: string[] = []
  let [rows, isOver] = [0, false]
  async function* part(): AsyncGenerator<Portion> {
    for (let bytes = 0; bytes < PART_BYTES; ) {
      checkSignal(signal)
      const { value, done } = await portions.next()
      isOver = done === true
      if (isOver) return
      bytes += value.bytes
      rows += value.rows
      yield value
    }
  }
  while (!isOver) {
    const file = join(folder, `${parts.length}.parquet`)
    await writeParquet(database, file, columns, part())
    parts.push(file)
  }
  return { parts, rows }
}

/** In the order of time, then id, then everything else. Times without a zone stay what they are. */
function sorted({ definition }: SourceAt, types: DataTypes, parts: readonly string[]): string {
  const { columns, time, id } = definition
  const names = Object.keys(columns)
  const first = [time, id].filter(name => name !== undefined && Object.hasOwn(columns, name)) as string[]
  const isLocal = (name: string) =>
    columns[name] === 'timestamp' && [LOCAL_TIME, 'DATE'].includes(types.get(nameIn(definition, name)) ?? '')
  const items = names.map(name =>
    isLocal(name) ? `make_timestamp(epoch_us(${identifier(name)})) AS ${identifier(name)}` : identifier(name),
  )
  const order = [...new Set([...first, ...names])].map(identifier)
  return `SELECT ${items.join(', ')} FROM read_parquet([${parts.map(literal).join(', ')}]) ORDER BY ${order.join(', ')}`
}

async function reconcile(database: Database, file: string, rows: number, where: string): Promise<void> {
  const [found] = await database.query(`SELECT count(*) AS rows FROM read_parquet(${literal(file)})`, where)
  if (Number(found?.rows) !== rows)
    throw new PrescoreError('rows_not_reconciled', { where, found: `${found?.rows} rows`, expected: `${rows} rows` })
}

/** Its name is its content: one that is there already is the same, and is as young as this one from now on. */
async function settled(file: string, folder: string, name: string): Promise<string> {
  const place = join(folder, name)
  if (existsSync(place)) await utimes(place, new Date(), new Date())
  else await rename(file, place)
  return name
}

/** Removes what is in a folder of snapshots that has one owner, but for these. */
export async function dropOtherSnapshots(folder: string, pins: readonly { readonly files: readonly FilePin[] }[]): Promise<void> {
  const kept = new Set(pins.flatMap(({ files }) => files.map(({ path }) => path)))
  for (const name of await readdir(folder).catch(() => [])) {
    if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
}

/**
 * A run as rows of a PostgreSQL table. One transaction makes the run's own partition, copies the rows into it, checks them and attaches
 * it; the next makes it the current one. A kill at any moment leaves what is current as it was, and readers see one run or the next.
 */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { checkSignal, formatInstant, optionalPackage, PrescoreError } from '../../base/index.ts'
import { isPassing, loadPostgres, transaction, urlOf, withClient } from '../../postgres/index.ts'
import type { PostgresTableDefinition } from '../../project/index.ts'
import { runChunks } from '../stored-run.ts'
import { type CanonicalRow, canonicalRows } from '../values.ts'
import type { OutputWork, OutputWriter } from './output.ts'
import { outputFix } from './postgres-failures.ts'
import { earlierReaders } from './postgres-readers.ts'
import { ensureTables, quoted, refuseOtherRuns, type TableColumns, type TableNames, tableColumns, tableNames } from './postgres-schema.ts'

const NEEDED_BY = 'an output to PostgreSQL'
/** Bytes handed to the connection at once. */
const COPY_BYTES = 1 << 16
/** Waiting for another writer of the same output, and for those who read it. */
const LOCK = { writer: '10min', reader: '10s', cleaning: '2s' }

export function postgresOutput(definition: PostgresTableDefinition, where: string): OutputWriter {
  const names = tableNames(definition.table)
  return {
    targetOf: () => `PostgreSQL table ${definition.table}`,
    prepare: async () => {
      urlOf(definition.url, where, 'output_failed')
      await loadPostgres(NEEDED_BY)
      await loadCopy()
    },
    write: work =>
      withClient(urlOf(definition.url, where, 'output_failed'), NEEDED_BY, async client => {
        // What roles and databases are set to is meant for those who ask: rows are copied for as long as it takes.
        await client.query('SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0')
        const isWritten = await writeRun(client, names, work)
        if (isWritten) await removeOld(client, names, definition.keepUs)
        return isWritten
      }),
    isPassing,
    fixOf: error => outputFix(error, definition),
  }
}

/** @returns false when another run was published meanwhile: nothing that is seen has changed */
async function writeRun(client: Client, names: TableNames, work: OutputWork): Promise<boolean> {
  for (;;) {
    const found = await transaction(client, () => attachedRun(client, names, work))
    if (found === undefined) return false
    if (found.isCurrent) return true
    if (found.isNew) await earlierReaders(client, names)
    if (await transaction(client, () => makeCurrent(client, names, work, found.number))) return true
  }
}

interface AttachedRun {
  readonly number: number
  readonly isCurrent: boolean
  /** It never was the current one: statements may have been planned before its partition was attached, by a process that was killed since, too. */
  readonly isNew: boolean
}

/** The run with its partition, which is made where it is not there. Undefined: another run was published meanwhile. */
async function attachedRun(client: Client, names: TableNames, work: OutputWork): Promise<AttachedRun | undefined> {
  const { prediction, plan } = work.run.context
  const columns = tableColumns(prediction, work.run.shape)
  await lockOutput(client, names, LOCK.writer)
  await ensureTables(client, names, Object.keys(prediction.entity ?? {}), columns)
  await refuseOtherRuns(client, names, plan.prediction)
  const { rows } = await client.query(`SELECT number, is_current, retired_at FROM ${names.of('_runs')} WHERE run = $1`, [
    work.run.record.id,
  ])
  if (!work.isServed()) return undefined
  const [there] = rows
  if (there !== undefined) return { number: there.number, isCurrent: there.is_current, isNew: there.retired_at === null }
  return { number: await addRun(client, names, columns, work), isCurrent: false, isNew: true }
}

/** @returns false: it is not there any more. @throws Superseded */
async function makeCurrent(client: Client, names: TableNames, work: OutputWork, number: number): Promise<boolean> {
  await lockOutput(client, names, LOCK.writer)
  const { rowCount } = await client.query(`SELECT 1 FROM ${names.of('_runs')} WHERE number = $1`, [number])
  if (rowCount === 0) return false
  await client.query(`UPDATE ${names.of('_runs')} SET is_current = false, retired_at = now() WHERE is_current`)
  await client.query(`UPDATE ${names.of('_runs')} SET is_current = true, retired_at = NULL WHERE number = $1`, [number])
  if (work.isServed()) return true
  throw new Superseded()
}

/** Rolls the transaction back. */
class Superseded extends Error {}

/** One writer of an output at a time, until the transaction ends. */
async function lockOutput(client: Client, names: TableNames, wait: string): Promise<void> {
  await client.query(`SET LOCAL lock_timeout = '${wait}'`)
  await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`prescore ${names.of('')}`])
  await client.query(`SET LOCAL lock_timeout = '${LOCK.reader}'`)
}

function loadCopy() {
  return optionalPackage('pg-copy-streams', NEEDED_BY, () => import('pg-copy-streams'))
}

/** Copies the rows into a partition of their own. @returns the run's number */
async function addRun(client: Client, names: TableNames, columns: TableColumns, work: OutputWork): Promise<number> {
  const { record, context } = work.run
  const { rows } = await client.query(
    `INSERT INTO ${names.of('_runs')} (run, prediction, release, as_of, data_through, rows) VALUES ($1, $2, $3, $4, $5, $6) RETURNING number`,
    [
      record.id,
      record.prediction,
      record.release,
      formatInstant(record.asOfUs),
      record.dataThroughUs === null ? null : formatInstant(record.dataThroughUs),
      work.ok,
    ],
  )
  const number = rows[0].number as number
  const part = names.of(`__r${number}`)
  await client.query(`CREATE TABLE ${part} (LIKE ${names.of('')} INCLUDING DEFAULTS)`)
  await client.query(`ALTER TABLE ${part} ALTER run_number SET DEFAULT ${number}`)
  const copied = await copyRows(client, part, columns, work)
  if (copied !== work.ok)
    throw new PrescoreError('rows_not_reconciled', { where: names.of(''), found: `${copied} rows`, expected: String(work.ok) })
  const keys = ['run_number', ...Object.keys(context.prediction.entity ?? {})].map(quoted)
  await client.query(`ALTER TABLE ${part} ADD PRIMARY KEY (${keys.join(', ')}), ADD CHECK (run_number = ${number})`)
  await client.query(`ALTER TABLE ${names.of('')} ATTACH PARTITION ${part} FOR VALUES IN (${number})`)
  return number
}

async function copyRows(client: Client, part: string, columns: TableColumns, work: OutputWork): Promise<number> {
  const { from } = await loadCopy()
  const list = columns.slice(1).map(([name]) => quoted(name))
  const stream = client.query(from(`COPY ${part} (${list.join(', ')}) FROM STDIN WITH (FREEZE)`))
  await pipeline(Readable.from(copyText(work)), stream)
  return stream.rowCount
}

/** The rows in PostgreSQL's text format. */
async function* copyText({ run, signal }: OutputWork): AsyncGenerator<Buffer> {
  let text = ''
  for await (const chunk of runChunks(run, false)) {
    checkSignal(signal)
    for (const row of canonicalRows(chunk, run.context.prediction, run.shape)) {
      if (row.valueText !== undefined) text += copyLine(row)
      if (text.length < COPY_BYTES) continue
      yield Buffer.from(text)
      text = ''
    }
  }
  if (text !== '') yield Buffer.from(text)
}

function copyLine({ key, valueText = '', inputsText }: CanonicalRow): string {
  const value = valueText.startsWith('[') ? `{${valueText.slice(1, -1)}}` : valueText
  const cells = [
    ...Object.values(key).map(each => escaped(String(each))),
    value,
    ...(inputsText === undefined ? [] : [escaped(inputsText)]),
  ]
  return `${cells.join('\t')}\n`
}

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function escaped(text: string): string {
  return text.replace(/[\\\t\n\r]/g, found => ESCAPES[found] as string)
}

/** Runs that are no longer current for longer than they are kept. Where a reader holds one, the next time will do. */
async function removeOld(client: Client, names: TableNames, keepUs: number): Promise<void> {
  const { rows } = await client.query(
    `SELECT number FROM ${names.of('_runs')} WHERE NOT is_current AND coalesce(retired_at, written_at) < now() - $1 * interval '1 microsecond'`,
    [keepUs],
  )
  for (const { number } of rows) {
    const part = names.of(`__r${number}`)
    try {
      await transaction(client, async () => {
        await lockOutput(client, names, LOCK.cleaning)
        await client.query(`SET LOCAL lock_timeout = '${LOCK.cleaning}'`)
        const gone = await client.query(`DELETE FROM ${names.of('_runs')} WHERE number = $1 AND NOT is_current`, [number])
        if (gone.rowCount === 0) return
        await client.query(`ALTER TABLE ${names.of('')} DETACH PARTITION ${part}`)
        await client.query(`DROP TABLE ${part}`)
      })
    } catch (error) {
      if (!isPassing(error)) throw error
    }
  }
}

export function isSuperseded(error: unknown): boolean {
  return error instanceof Superseded
}

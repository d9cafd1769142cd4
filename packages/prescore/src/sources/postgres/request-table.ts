/** A table that is read with each request: its connections, and its rows by the columns of any key. */
import type { PoolClient } from 'pg'
import { asPrescoreError, contentHash, PrescoreError, type Problem } from '../../base/index.ts'
import { Connections, urlOf } from '../../postgres/index.ts'
import type { KeyValue, PerRequestDefinition, PostgresRowsDefinition } from '../../project/index.ts'
import { compareColumns } from '../columns.ts'
import type { SourceAt } from '../source-at.ts'
import { type KeyStatement, keyStatement, keyText, ROWS_MAX } from './by-key.ts'
import { type DescribedColumn, describeColumns, named, typesOf } from './describe.ts'
import { readingFailed } from './failures.ts'
import { checkIndex } from './index-check.ts'
import { KeyedRows, type RowsOfKey, type TableRows } from './keyed-rows.ts'
import { AS_TEXTS, TEXT_SETTINGS, type TextRow, takenColumns } from './text-rows.ts'

const NEEDED_BY = 'a table that is read with each request'
/** To look at the table once, before requests come. */
const LOOK_MS = 5_000

type Key = readonly KeyValue[]

/** What a connection knows of the table. */
interface Ready {
  readonly described: readonly DescribedColumn[]
  readonly types: TableRows['types']
  /** By the columns of their keys. */
  readonly statements: Map<string, KeyStatement>
}

/** Who is told, with each statement, whether the table could be read. */
export interface ReadingsOfTable {
  answered(): void
  failed(error: PrescoreError): void
}

export class RequestTable {
  readonly source: SourceAt
  readonly #from: PostgresRowsDefinition
  readonly #where: string
  readonly #readings: ReadingsOfTable | undefined
  readonly #perRequest: PerRequestDefinition
  #connections: Connections<Ready> | undefined
  /** By the columns of their keys. */
  readonly #byColumns = new Map<string, KeyedRows>()
  /** What the columns' types are called; the same one as long as they are the same. */
  #types: TableRows['types'] = new Map()

  constructor(source: SourceAt, readings?: ReadingsOfTable) {
    this.source = source
    this.#readings = readings
    this.#from = source.definition.from as PostgresRowsDefinition
    this.#where = `sources.${source.name}`
    this.#perRequest = this.#from.perRequest as PerRequestDefinition
  }

  /** Its rows by these declared columns. */
  by(columns: readonly string[]): KeyedRows {
    const name = JSON.stringify(columns)
    const ask = (keys: readonly Key[]) => this.#ask(columns, keys)
    const rows = this.#byColumns.get(name) ?? new KeyedRows({ where: this.#where, perRequest: this.#perRequest, ask })
    this.#byColumns.set(name, rows)
    return rows
  }

  /**
   * Looks whether it can be read by these columns.
   * @returns what is to be warned of
   * @throws PrescoreError `source_unavailable`, `source_unreadable`, `project_invalid` (columns that do not fit), `package_missing`
   */
  async check(columns: readonly string[]): Promise<readonly Problem[]> {
    const connections = this.#connect(LOOK_MS)
    try {
      return await connections.use((client, ready) => checkIndex(client, this.source, columns, this.#statementOf(ready, columns)))
    } catch (error) {
      throw readingFailed(error, this.#from, this.#where)
    } finally {
      await connections.close()
    }
  }

  async close(): Promise<void> {
    await this.#connections?.close()
  }

  #connect(timeoutMs: number): Connections<Ready> {
    return new Connections({
      url: urlOf(this.#from.url, this.#where, 'source_unreadable'),
      what: NEEDED_BY,
      most: this.#perRequest.connections,
      timeoutMs,
      prepare: client => this.#prepare(client, timeoutMs),
    })
  }

  async #prepare(client: PoolClient, timeoutMs: number): Promise<Ready> {
    const settings = [...TEXT_SETTINGS, `statement_timeout = ${Math.ceil(timeoutMs)}`, 'default_transaction_read_only = on']
    await client.query(settings.map(setting => `SET ${setting}`).join('; '))
    const described = await describeColumns(client, this.#from)
    const problems = compareColumns(this.source.definition, named(this.source, typesOf(described)), this.#where)
    if (problems.length > 0) throw new PrescoreError('project_invalid', { where: this.#where, problems })
    return { described, types: this.#typesOf(described), statements: new Map() }
  }

  async #ask(columns: readonly string[], keys: readonly Key[]): Promise<readonly RowsOfKey[]> {
    try {
      const { statement, rows, types } = await this.#read(columns, keys)
      if (rows.length > ROWS_MAX && keys.length > 1) return await this.#askHalves(columns, keys)
      if (rows.length > ROWS_MAX) throw this.#tooMany()
      return this.#dealt(keys, statement, rows, types)
    } catch (error) {
      // A row that the statement cannot compute keeps back only its key.
      if (keys.length > 1 && isOfRow(error)) return this.#askHalves(columns, keys)
      throw this.#unavailable(error)
    }
  }

  async #read(columns: readonly string[], keys: readonly Key[]) {
    try {
      this.#connections ??= this.#connect(this.#perRequest.timeoutMs)
      const read = await this.#connections.use(async (client, ready) => {
        const statement = this.#statementOf(ready, columns)
        return { statement, types: ready.types, rows: await queried(client, statement, columns, keys.filter(statement.canBe)) }
      })
      this.#readings?.answered()
      return read
    } catch (error) {
      if (!isOfRow(error)) this.#readings?.failed(this.#unavailable(error))
      throw error
    }
  }

  async #askHalves(columns: readonly string[], keys: readonly Key[]): Promise<readonly RowsOfKey[]> {
    const middle = keys.length >> 1
    const answers: RowsOfKey[] = []
    for (const half of [keys.slice(0, middle), keys.slice(middle)])
      answers.push(...(await this.#ask(columns, half).catch((error: unknown) => half.map(() => asPrescoreError(error)))))
    return answers
  }

  #dealt(keys: readonly Key[], statement: KeyStatement, rows: readonly TextRow[], types: TableRows['types']): RowsOfKey[] {
    const byKey = Map.groupBy(rows, row => statement.keyOf(row))
    return keys.map(key => {
      const own = byKey.get(keyText(key))
      if (own === undefined) return undefined
      try {
        return { chunk: { rows: own.length, columns: takenColumns(this.source, own, 0) }, types }
      } catch (error) {
        return this.#unavailable(error)
      }
    })
  }

  #statementOf({ described, statements }: Ready, columns: readonly string[]): KeyStatement {
    const name = JSON.stringify(columns)
    const statement = statements.get(name) ?? keyStatement(this.source, columns, described)
    statements.set(name, statement)
    return statement
  }

  #typesOf(described: readonly DescribedColumn[]): TableRows['types'] {
    const types = named(this.source, typesOf(described))
    if (JSON.stringify([...types]) !== JSON.stringify([...this.#types])) this.#types = types
    return this.#types
  }

  #tooMany(): PrescoreError {
    return new PrescoreError('source_unreadable', {
      where: this.#where,
      found: `more than ${ROWS_MAX} rows of one key`,
      expected: 'a table with a few rows of each key',
      fix: 'Leave out `perRequest`, or read fewer rows by a `query`.',
    })
  }

  /** Whatever is wrong with the database is not wrong with the request; where it stands is not for those who ask. */
  #unavailable(thrown: unknown): PrescoreError {
    const error = readingFailed(thrown, { ...this.#from, timeoutMs: this.#perRequest.timeoutMs }, this.#where)
    const { found = error.message, where = this.#where, expected, problems } = error.details
    const { code } = thrown as { readonly code?: unknown }
    const [first] = problems ?? []
    const told = first === undefined ? { where, found: foundOnTheWay(code) ?? found, expected } : first
    const details = { where: told.where, found: told.found, ...(told.expected === undefined ? {} : { expected: told.expected }) }
    return new PrescoreError('source_unavailable', { ...details, fix: first?.fix ?? error.fix, cause: error })
  }
}

/** The table can be read, and a row of it cannot be computed. */
function isOfRow(error: unknown): boolean {
  return /^22/.test(String((error as { readonly code?: unknown }).code))
}

/** Undefined: the way to the database is as it should be. Otherwise the words of the system and of the database name hosts, users and databases. */
function foundOnTheWay(code: unknown): string | undefined {
  if (typeof code !== 'string') return undefined
  if (/^E[A-Z_]+$/.test(code)) return code
  return /^(28...|3D000)$/.test(code) ? `a login that is refused (${code})` : undefined
}

/** Prepared once by each connection. */
async function queried(
  client: PoolClient,
  statement: KeyStatement,
  columns: readonly string[],
  keys: readonly Key[],
): Promise<readonly TextRow[]> {
  if (keys.length === 0) return []
  const name = `prescore_${contentHash(columns).slice(0, 16)}`
  const { rows } = await client.query<TextRow>({ name, text: statement.text, values: statement.values(keys), ...AS_TEXTS })
  return rows
}

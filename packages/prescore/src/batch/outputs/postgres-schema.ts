/**
 * What stands in the database for one output `t`:
 *
 *     t            run_number, the key's columns, value, inputs; a partition for each run
 *     t_runs       one row a run: when, of which release, and which one is current
 *     t_current    view: the run that is served, with as-of, age, release and run
 *     t_history    view: the same of all runs that are kept, and were current once
 */
import type { Client } from 'pg'
import { PrescoreError } from '../../base/index.ts'
import type { KeyColumns, PredictionDefinition } from '../../project/index.ts'
import type { ValueShape } from '../values.ts'

export interface TableNames {
  readonly schema: string | undefined
  readonly table: string
  /** A name of this output with an ending, quoted and with its schema. */
  of(ending: string): string
}

/** The table's columns, in order. */
export type TableColumns = readonly (readonly [name: string, type: string, isNullable: boolean])[]

export function tableNames(table: string): TableNames {
  const [name, schema] = table.split('.').reverse() as [string, string | undefined]
  const prefix = schema === undefined ? '' : `${quoted(schema)}.`
  return { schema, table: name, of: ending => `${prefix}${quoted(`${name}${ending}`)}` }
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function tableColumns({ entity = {}, inputs }: PredictionDefinition, { width }: ValueShape): TableColumns {
  return [
    ['run_number', 'integer', false],
    ...keyTypes(entity),
    ['value', width === 1 ? 'double precision' : 'double precision[]', false],
    ...(Object.keys(inputs).length === 0 ? [] : [['inputs', 'jsonb', true] as const]),
  ]
}

function keyTypes(entity: KeyColumns): TableColumns {
  return Object.entries(entity).map(([name, kind]) => [name, kind === 'string' ? 'text' : 'bigint', false] as const)
}

/**
 * Makes what is not there. Called with the output's lock held.
 * @throws PrescoreError `output_mismatch` when something else has the name, or the table has other columns
 */
export async function ensureTables(client: Client, names: TableNames, keys: readonly string[], columns: TableColumns): Promise<void> {
  if (await exists(client, names.of(''))) {
    await refuseOthers(client, names, columns)
    return makeViews(client, names, columns)
  }
  const primary = ['run_number', ...keys].map(quoted).join(', ')
  const declared = columns.map(([name, type, isNullable]) => `${quoted(name)} ${type}${isNullable ? '' : ' NOT NULL'}`)
  await client.query(`CREATE TABLE ${names.of('')} (${declared.join(', ')}, PRIMARY KEY (${primary})) PARTITION BY LIST (run_number)`)
  await client.query(`CREATE TABLE ${names.of('_runs')} (
    number integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run text NOT NULL UNIQUE,
    prediction text NOT NULL,
    release text NOT NULL,
    as_of timestamptz NOT NULL,
    data_through timestamptz,
    rows bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    is_current boolean NOT NULL DEFAULT false,
    retired_at timestamptz
  )`)
  await client.query(`CREATE UNIQUE INDEX ON ${names.of('_runs')} (is_current) WHERE is_current`)
  await makeViews(client, names, columns)
}

/** Those that are there stay as they are: others may read them, and may have been granted it. */
async function makeViews(client: Client, names: TableNames, columns: TableColumns): Promise<void> {
  const current = `(SELECT number FROM ${names.of('_runs')} WHERE is_current)`
  const views = {
    _history: 'r.is_current OR r.retired_at IS NOT NULL',
    _current: `t.run_number = ${current} AND r.number = ${current}`,
  }
  for (const [ending, rows] of Object.entries(views))
    if (!(await exists(client, names.of(ending))))
      await client.query(`CREATE VIEW ${names.of(ending)} AS ${viewOf(names, columns)} WHERE ${rows}`)
}

/** Readers of the view would meet now the values of one prediction, now those of the other. @throws PrescoreError `output_mismatch` */
export async function refuseOtherRuns(client: Client, names: TableNames, prediction: string): Promise<void> {
  const { rows } = await client.query(`SELECT prediction FROM ${names.of('_runs')} WHERE prediction <> $1 LIMIT 1`, [prediction])
  if (rows.length === 0) return
  throw new PrescoreError('output_mismatch', {
    where: names.of(''),
    found: `runs of the prediction \`${rows[0].prediction}\``,
    expected: `runs of \`${prediction}\` alone`,
  })
}

function viewOf(names: TableNames, columns: TableColumns): string {
  const own = columns.filter(([name]) => name !== 'run_number').map(([name]) => `t.${quoted(name)}`)
  const shared = [
    'r.as_of',
    'extract(epoch FROM now() - r.as_of)::double precision AS age_seconds',
    'r.data_through',
    'r.release',
    'r.run',
    'r.written_at',
  ]
  return `SELECT ${[...own, ...shared].join(', ')} FROM ${names.of('')} t JOIN ${names.of('_runs')} r ON r.number = t.run_number`
}

async function exists(client: Client, name: string): Promise<boolean> {
  const { rows } = await client.query('SELECT to_regclass($1) IS NOT NULL AS found', [name])
  return rows[0]?.found === true
}

async function refuseOthers(client: Client, names: TableNames, columns: TableColumns): Promise<void> {
  const { rows } = await client.query(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [names.of('')],
  )
  const found = rows.map(({ name, type }) => `${name} ${type}`).join(', ')
  const expected = columns.map(([name, type]) => `${name} ${type}`).join(', ')
  if (found === expected && (await exists(client, names.of('_runs')))) return
  throw new PrescoreError('output_mismatch', { where: names.of(''), found, expected: `${expected}, and ${names.of('_runs')} beside it` })
}

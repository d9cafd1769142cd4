/** Whether the rows of a key are found without reading all rows: the planner is asked, and told that it may not read them all. */
import type { ClientBase } from 'pg'
import { type Problem, problem } from '../../base/index.ts'
import { identifier } from '../../parquet/index.ts'
import { transaction } from '../../postgres/index.ts'
import type { KeyValue, PostgresRowsDefinition } from '../../project/index.ts'
import { nameIn } from '../formats/index.ts'
import type { SourceAt } from '../source-at.ts'
import type { KeyStatement } from './by-key.ts'
import { rowsOf } from './describe.ts'

const SETTINGS = ['enable_seqscan = off', "plan_cache_mode = 'force_custom_plan'"]

/** A warning where no index serves the key; also proof that the statement can be run. @throws what the server says */
export async function checkIndex(
  client: ClientBase,
  source: SourceAt,
  by: readonly string[],
  statement: KeyStatement,
): Promise<readonly Problem[]> {
  const example: readonly KeyValue[] = by.map(name => (source.definition.columns[name] === 'string' ? EXAMPLE_TEXT : 0))
  return transaction(client, async () => {
    for (const setting of SETTINGS) await client.query(`SET LOCAL ${setting}`)
    await client.query(statement.text, statement.values([]))
    const { rows } = await client.query(`EXPLAIN (FORMAT JSON) ${statement.text}`, statement.values([example]))
    return isIndexed(rows[0]['QUERY PLAN']) ? [] : [missing(source, by)]
  })
}

/** A text that columns of texts and of uuid can hold. */
const EXAMPLE_TEXT = '00000000-0000-0000-0000-000000000000'

function isIndexed(plan: unknown): boolean {
  if (plan === null || typeof plan !== 'object') return false
  return 'Index Cond' in plan || Object.values(plan).some(isIndexed)
}

function missing(source: SourceAt, by: readonly string[]): Problem {
  const { definition, name } = source
  const from = definition.from as PostgresRowsDefinition
  const { time } = definition
  const dated = time === undefined || !Object.hasOwn(definition.columns, time) ? [] : [time]
  const columns = [...new Set([...by, ...dated])].map(each => identifier(nameIn(definition, each)))
  const on = from.table === undefined ? 'the table behind `query`' : rowsOf(from)
  return problem(
    'index_missing',
    `sources.${name}.from.perRequest`,
    `no index that finds the rows of a key (${by.join(', ')})`,
    'an index: without it each request reads all rows',
    `CREATE INDEX CONCURRENTLY ON ${on} (${columns.join(', ')});`,
    'warning',
  )
}

/** The gates that a user wrote, tried before there is a run: otherwise the first night tells. */
import { asPrescoreError, type Problem, problem } from '../base/index.ts'
import { makeFunction } from '../expressions/index.ts'
import { type Database, identifier, literal } from '../parquet/index.ts'
import { type Judged, oneStatement, type PredictionDefinition } from '../project/index.ts'

const SQL_FIX = 'Write it in the SQL of DuckDB, over the relations `run` and `published`.'
const FN_FIX = 'Give true, or a text that says what is wrong. `published` is null while nothing is served.'

export async function checkGates(database: Database, prediction: PredictionDefinition): Promise<readonly Problem[]> {
  const { name, gates } = prediction
  const where = `predictions.${name}.gates`
  const problems: Problem[] = []
  for (const [gate, text] of Object.entries(gates.sql ?? {})) {
    const statement = oneStatement(text)
    // Several, or none: the definitions' own check tells.
    if (statement === undefined || statement === '') continue
    const found = await unreadable(database, statement)
    if (found !== undefined) problems.push(problem('invalid_value', `${where}.sql.${gate}`, found, 'one SELECT', SQL_FIX))
    else problems.push(...(await unbound(database, prediction, statement, `${where}.sql.${gate}`)))
  }
  for (const [gate, text] of Object.entries(gates.fn ?? {})) {
    const found = misjudged(prediction, text)
    if (found !== undefined) problems.push(problem('function_failed', `${where}.fn.${gate}`, found, 'true, false or a text', FN_FIX))
  }
  return problems
}

/** What the parser says of a statement, put where a gate puts it. */
async function unreadable(database: Database, statement: string): Promise<string | undefined> {
  const query = `WITH found AS (${statement}\n) SELECT count(*) FROM found`
  const [row] = await database.query(`SELECT json_serialize_sql(${literal(query)})::VARCHAR AS read`, 'gate')
  const { error_type, error_message } = JSON.parse(row?.read as string) as { readonly error_type?: string; readonly error_message?: string }
  // What it cannot write down as JSON, such as a PIVOT, is no mistake.
  if (error_type !== 'parser') return undefined
  return error_message === 'A CTE needs a SELECT' ? 'a statement that is no SELECT' : error_message
}

/** What the database says of a statement's columns, relations and functions, over a run without rows. */
async function unbound(database: Database, prediction: PredictionDefinition, statement: string, where: string): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const values of valueColumns(statement)) {
    const columns = columnsOf(prediction, values)
    const relation = `SELECT ${columns.map(([name, type]) => `NULL::${type} AS ${identifier(name)}`).join(', ')} LIMIT 0`
    const query = `EXPLAIN WITH run AS (${relation}), published AS (${relation}), found AS (${statement}\n) SELECT count(*) FROM found`
    try {
      await database.query(query, 'gate')
      return []
    } catch (error) {
      const [, found] = /^(?:Binder|Catalog) Error: (.*)/.exec(asPrescoreError(error).details.found ?? '') ?? []
      // Anything else, such as a file that is not there yet, may be otherwise by then.
      if (found === undefined) return []
      const expected = `what \`run\` and \`published\` have: ${columns.map(([name]) => name).join(', ')}`
      problems.push(problem('invalid_value', where, found, expected, SQL_FIX))
    }
  }
  return problems.slice(0, 1)
}

/** A number, or as many as the statement names: how wide a model's values are, only the model tells. */
function valueColumns(statement: string): readonly (readonly string[])[] {
  const last = Math.max(-1, ...[...statement.matchAll(/\bvalue_(\d{1,4})\b/gi)].map(([, index]) => Number(index)))
  return last < 0 ? [['value']] : [['value'], Array.from({ length: last + 1 }, (_, i) => `value_${i}`)]
}

/** The columns that `run` and `published` have, with their types. */
function columnsOf({ entity = {}, inputs }: PredictionDefinition, values: readonly string[]): readonly (readonly [string, string])[] {
  return [
    ...Object.entries(entity).map(([name, kind]) => [`key_${name}`, kind === 'int64' ? 'BIGINT' : 'VARCHAR'] as const),
    ...values.map(name => [name, 'DOUBLE'] as const),
    ['rejected', 'VARCHAR'] as const,
    ...(Object.keys(inputs).length === 0 ? [] : [['inputs', 'VARCHAR'] as const]),
  ]
}

/** What is wrong with a function on runs like those that it will be told of. A verdict against them is none: they are made up. */
function misjudged({ features }: PredictionDefinition, source: string): string | undefined {
  const told: Judged = {
    rows: 100,
    ok: 100,
    rejected: {},
    missing: Object.fromEntries(features.map(({ name }) => [name, 0])),
    values: { min: 0, p05: 0.1, median: 0.5, mean: 0.5, p95: 0.9, max: 1 },
  }
  const judge = makeFunction(source)
  for (const published of [null, told]) {
    const found = verdictOf(judge, { ...told, published })
    if (found !== undefined) return found
  }
  return undefined
}

function verdictOf(judge: (run: Record<string, unknown>) => unknown, run: object): string | undefined {
  try {
    const verdict = judge(JSON.parse(JSON.stringify(run)))
    return typeof verdict === 'boolean' || typeof verdict === 'string' ? undefined : `a function that gives ${typeof verdict}`
  } catch (error) {
    return `a function that fails: ${(error as Error).message}`
  }
}

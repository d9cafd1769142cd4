import type { FileDefinition, OutputDefinition, PostgresTableDefinition, PredictionDefinition } from '../types.ts'
import type { Checker } from './checker.ts'

const TABLE = /^([A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*$/
/** PostgreSQL cuts longer names off; ours get endings such as `_current`. */
const NAME_MAX = { table: 45, column: 63 }
/** Columns that the table has besides those of the key. */
const OWN_COLUMNS = ['run_number', 'value', 'inputs', 'as_of', 'age_seconds', 'data_through', 'release', 'run', 'written_at']
const EXTENSIONS = ['.parquet', '.csv', '.ndjson']

export function checkOutputs(check: Checker, prediction: PredictionDefinition, where: string): void {
  const { outputs, entity, population } = prediction
  check.names(outputs, where)
  const taken = new Map<string, string>()
  for (const [name, output] of Object.entries(outputs)) {
    const place = `${where}.${name}`
    if (entity === undefined || population === undefined)
      check.add('no_population', place, 'an output of a prediction without runs', 'a population')
    if (output.type === 'postgresTable') checkTable(check, output, Object.keys(entity ?? {}), place)
    else checkFile(check, output, place)
    const same = taken.get(targetOf(output))
    if (same !== undefined) check.add('duplicate_name', place, `the place of \`${same}\``, 'a place of its own')
    taken.set(targetOf(output), name)
  }
}

function checkTable(check: Checker, { table, url }: PostgresTableDefinition, keys: readonly string[], where: string): void {
  const name = table.split('.').at(-1) as string
  if (!TABLE.test(table) || name.length > NAME_MAX.table)
    check.add(
      'invalid_value',
      `${where}.table`,
      JSON.stringify(table),
      `\`name\` or \`schema.name\`, of at most ${NAME_MAX.table} letters, digits and underscores`,
    )
  if (url.env === '') check.add('invalid_value', `${where}.url`, 'no name', "a variable of the environment: `env('DATABASE_URL')`")
  for (const key of keys) {
    if (OWN_COLUMNS.includes(key.toLowerCase()))
      check.add('duplicate_name', where, `key column \`${key}\``, `a name that the table has not: ${OWN_COLUMNS.join(', ')}`)
    if (key.length > NAME_MAX.column) check.add('invalid_name', where, `key column \`${key}\``, `at most ${NAME_MAX.column} letters`)
  }
}

function checkFile(check: Checker, { path }: FileDefinition, where: string): void {
  if (EXTENSIONS.some(extension => path.endsWith(extension))) return
  check.add('invalid_value', `${where}.path`, JSON.stringify(path), `a path that ends with ${EXTENSIONS.join(', ')}`)
}

function targetOf(output: OutputDefinition): string {
  return output.type === 'file' ? output.path : `${output.url.env} ${output.table}`
}

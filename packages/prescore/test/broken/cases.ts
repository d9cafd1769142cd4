/** Broken projects and data: each breaks the sound one at one place, as people do. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CONFIG, CUSTOMERS, FEATURES, type Files, modelOf, ORDERS } from './sound.ts'

export interface BrokenCase {
  readonly title: string
  /** In the place of the sound ones; undefined: not there. */
  readonly files: Readonly<Record<string, string | Uint8Array | undefined>>
  /** SQL of Parquet files. */
  readonly parquet?: Readonly<Record<string, string>>
  /** The command; `check` without it. */
  readonly command?: readonly string[]
}

const MODELS = join(import.meta.dirname, '../models/fixtures')

/** The project file with one text in the place of another, which must be there. */
function config(from: string, to: string): Files {
  if (!CONFIG.includes(from)) throw new Error(`the sound project has no ${from}`)
  return { 'prescore.config.ts': CONFIG.replace(from, to) }
}

const changed = (title: string, from: string, to: string): BrokenCase => ({ title, files: config(from, to) })
const orders = (title: string, text: string): BrokenCase => ({ title, files: { 'orders.csv': text } })
const model = (title: string, bytes: string | Uint8Array): BrokenCase => ({ title, files: { 'spend.onnx': bytes } })
const fixture = (title: string, name: string): BrokenCase => model(title, readFileSync(join(MODELS, name)))
const row = (cells: string) => `${ORDERS}4,${cells}\n`

const PROJECT_FILE: readonly BrokenCase[] = [
  { title: 'no project file', files: { 'prescore.config.ts': undefined } },
  changed('a bracket that is not closed', "model: onnx('spend.onnx'),", "model: onnx('spend.onnx',"),
  changed('syntax that needs more than stripping types', 'const customer =', 'enum Size { Small }\nconst customer ='),
  changed('a file that is not there', 'const customer =', "import { sizes } from './sizes.ts'\nconst customer ="),
  changed('an import without its ending', 'const customer =', "import { sizes } from './sizes'\nconst customer ="),
  changed('a package that is not installed', 'const customer =', "import { z } from 'zod-of-nowhere'\nconst customer ="),
  {
    title: 'files that import each other',
    files: {
      ...config('const customer =', "import { habitsOf } from './habits.ts'\nexport const sizes = habitsOf\nconst customer ="),
      'habits.ts': "import { sizes } from './prescore.config.ts'\nexport const habitsOf = [sizes]\n",
    },
  },
  changed('no default export', 'export default defineProject', 'export const project = defineProject'),
  changed('a mistyped helper', 'defineProject, entity', 'defineProjekt, entity'),
  changed(
    'something of the environment that is not there',
    'const customer =',
    'const size = process.env.SHOP_SIZE_OF_NOBODY!.length\nconst customer =',
  ),
  changed(
    'a secret in the project file',
    'policy: { mode',
    "outputs: { table: postgresTable({ url: 'postgres://shop:hunter2@db/shop' as never, table: 'spend' }) },\n      policy: { mode",
  ),
  changed('nothing to predict', /predictions: \{[\s\S]*/.exec(CONFIG)?.[0] ?? '', 'predictions: {} })\n'),
]

const DEFINITIONS: readonly BrokenCase[] = [
  changed(
    'a share of answers in percent',
    'sources: { orders, customers },',
    'sources: { orders, customers },\n  monitor: { audit: { sample: 5 } },',
  ),
  changed(
    'an audit whose share is no number, and for no time',
    'sources: { orders, customers },',
    'sources: { orders, customers },\n  monitor: { audit: { sample: null, keepDays: 0, maxMegabytes: 1e9 } as never },',
  ),
  changed(
    'a mistyped setting of the audit',
    'sources: { orders, customers },',
    'sources: { orders, customers },\n  monitor: { audit: { sampel: 1, sample: 1 } as never },',
  ),
  changed('a source that is not listed', 'sources: { orders, customers }', 'sources: { orders }'),
  changed(
    'a source with a name that no path can have',
    'sources: { orders, customers }',
    "sources: { orders, customers, 'my-orders': orders }",
  ),
  changed('no columns', "columns: { customer: 'string', age: 'int64' }", "columns: {} as { customer: 'string'; age: 'int64' }"),
  changed('a kind that does not exist', "amount: 'float64'", "amount: 'number' as never"),
  changed('a name for a column that is not declared', "time: 'at'", "names: { amuont: 'Amount' } as never,\n  time: 'at'"),
  changed('columns that differ by case only', "note: 'string'", "note: 'string', Note: 'string'"),
  changed('an event time that is not declared', "time: 'at'", "time: 'when' as never"),
  changed('an event time that is a text', "at: 'timestamp'", "at: 'string'"),
  changed('an id that is not declared', "id: 'id'", "id: 'order' as never"),
  changed('a zone that does not exist', "time: 'at'", "time: 'at',\n  zone: 'Europe/Pariss'"),
  changed('an end of history without a zone', "time: 'at'", "time: 'at',\n  until: '2026-03-03T10:00:00'"),
  changed('a window in words', "over: '28d' }),\n  express", "over: '28 days' as '28d' }),\n  express"),
  changed('a window of nothing', "over: '28d' }),\n  express", "over: '0d' }),\n  express"),
  changed('a mistyped column', "f.sum('amount'", "f.sum('amonut' as 'amount'"),
  changed('the sum of a text', "f.sum('amount'", "f.sum('note' as 'amount'"),
  changed('the share of a number', 'f.share(r => r.express', 'f.share(r => r.amount as never'),
  changed('a method that there is not', 'r.amount.gt(50)', '(r.amount as never as { above(n: number): never }).above(50)'),
  changed('a comparison of a number with a text', 'r.amount.gt(50)', "r.amount.gt('50' as never)"),
  changed('a feature that is a text', 'age: s.join.profile.age }', 'age: s.key.customer }'),
  changed(
    'a feature that is not there',
    'age: s.join.profile.age }',
    'age: (s.join.profile as never as { years: typeof s.join.profile.age }).years }',
  ),
  changed('no features', 'features: s => ({ ...s.join.habits, age: s.join.profile.age }),', 'features: () => ({}),'),
  changed('a key of another type', "entity({ customer: 'string' })", "entity({ customer: 'int64' as 'string' })"),
  changed(
    'a key column that the source has not',
    "entity({ customer: 'string' })",
    "entity({ client: 'string' } as never as { customer: 'string' })",
  ),
  changed('a fraction as a key', "entity({ customer: 'string' })", "entity({ customer: 'float64' as 'string' })"),
  changed('a window over rows without a time', "f.last('age')", "f.last('age', { over: '7d' })"),
  changed('a label that reads the key', 'label: r => r.large', "label: r => r.customer.eq('a')"),
  changed(
    'a function that reads the clock',
    'large: r.amount.gt(50)',
    "large: fn({ args: { a: r.amount }, returns: 'boolean', run: ({ a }) => (a ?? 0) > Date.now() })",
  ),
  changed(
    'a function that reads a variable from outside',
    'large: r.amount.gt(50)',
    "large: fn({ args: { a: r.amount }, returns: 'boolean', run: ({ a }) => (a ?? 0) > limit })",
  ),
  changed('a batch without rows to score', 'population: customers.keys(customer),\n', ''),
  changed('a mode that does not exist', "mode: 'batch'", "mode: 'nightly' as 'batch'"),
  changed('a schedule that is no cron expression', "mode: 'batch',", "mode: 'batch', schedule: 'every night',"),
  changed('a default that is no number', "mode: 'batch',", "mode: 'batch', default: { value: Number.NaN },"),
  changed('a gate in percent', 'policy: { mode', 'gates: { coverage: 99 },\n      policy: { mode'),
  changed('a gate of a feature that is not there', 'policy: { mode', 'gates: { missing: { spend: 0.1 } as never },\n      policy: { mode'),
  changed('an age in words', "maxAge: '1d'", "maxAge: 'a day' as '1d'"),
  changed('a mistyped setting of a source', 'arrival: r =>', 'arival: r =>'),
  changed('a mistyped filter', "{ over: '28d' }),\n  express", "{ over: '28d', were: r => r.large }),\n  express"),
  changed('a mistyped limit of the policy', "maxAge: '1d'", "maxage: '1d'"),
  changed('a gate that there is not', 'policy: {', 'gates: { coverag: 0.9 },\n      policy: {'),
  changed('a gate whose SQL cannot be read', 'policy: {', "gates: { sql: { sane: 'SELEC * FROM run' } },\n      policy: {"),
  changed('a gate of two statements', 'policy: {', "gates: { sql: { sane: 'SELECT 1 FROM run; SELECT 2 FROM run' } },\n      policy: {"),
  changed(
    'a gate over a column that runs do not have',
    'policy: {',
    "gates: { sql: { sane: 'SELECT * FROM run WHERE score > 1' } },\n      policy: {",
  ),
  changed(
    'a gate whose function fails while nothing is served',
    'policy: {',
    'gates: { fn: { steady: run => run.rows > run.published!.rows } },\n      policy: {',
  ),
  changed('a gate whose SQL changes something', 'policy: {', "gates: { sql: { sane: 'DELETE FROM run' } },\n      policy: {"),
  changed('a default without braces', "maxAge: '1d'", 'default: 0'),
  changed('a mistyped column of a key', 'orders.by(customer)', "orders.by(customer, { custmer: 'note' })"),
  changed('no policy', "policy: { mode: 'batch', maxAge: '1d' },", ''),
  changed('a path in the place of a model', "onnx('spend.onnx')", "'spend.onnx'"),
  changed('rows in the place of a population', 'customers.keys(customer)', "orders.since('7d')"),
  changed('a path in the place of an output', 'policy: {', "outputs: { warehouse: 'out.csv' },\n      policy: {"),
  changed('a group that is joined without a key', 'profile: profile.at(s.key)', 'profile'),
  changed(
    'arguments of a function as a list',
    'age: s.join',
    "spend: fn({ args: [s.join.habits.spent], returns: 'float64', run: ([x]) => x }), age: s.join",
  ),
]

const DATA: readonly BrokenCase[] = [
  { title: 'no such file', files: { 'orders.csv': undefined } },
  { title: 'a workbook', files: { ...config("'orders.csv'", "'orders.xlsx'"), 'orders.xlsx': 'PK\u0003\u0004' } },
  { title: 'files of two formats', files: { ...config("files: 'orders.csv'", "files: ['orders.csv', 'more.json']"), 'more.json': '[]' } },
  orders('an empty file', ''),
  orders('a mistyped column in the header', ORDERS.replace('amount', 'ammount')),
  orders('a column twice', ORDERS.replace('note', 'amount')),
  orders('times without a zone', ORDERS.replaceAll('Z', '')),
  orders('times with and without a zone', ORDERS.replace('Z', '')),
  orders('times as numbers', ORDERS.replaceAll(/2026-[^,]+/g, '1772359200')),
  orders('a date of another country', ORDERS.replace('2026-03-02T10:00:00Z', '02/03/2026')),
  orders('a time of the far future', row('2999-03-04T10:00:00Z,a,12.50,true,')),
  orders('a decimal comma', row('2026-03-04T10:00:00Z,a,"12,5",true,')),
  orders('a word for missing', row('2026-03-04T10:00:00Z,a,N/A,true,')),
  orders('an amount with its unit', row('2026-03-04T10:00:00Z,a,12.50 EUR,true,')),
  orders('yes and no', ORDERS.replaceAll('true', 'yes').replaceAll('false', 'no')),
  orders('ids with a point, as pandas writes them', ORDERS.replaceAll(/^(\d),/gm, '$1.0,')),
  orders('a row without a time', row(',a,1,true,')),
  orders('a row without an id', `${ORDERS},2026-03-04T10:00:00Z,a,1,true,\n`),
  orders('an id twice', `${ORDERS}3,2026-03-04T10:00:00Z,a,1,true,\n`),
  orders('a row with a cell too many', row('2026-03-04T10:00:00Z,a,1,true,gift,wrapped')),
  orders('a quote that is not closed', row('2026-03-04T10:00:00Z,a,1,true,"a note')),
  { title: 'a text in latin1', files: { 'orders.csv': Buffer.from(row('2026-03-04T10:00:00Z,a,1,true,caf\u00e9'), 'latin1') } },
  { title: 'a number where a text was declared', files: { 'customers.json': '[{"customer":7,"age":41}]' } },
  { title: 'a number in quotes', files: { 'customers.json': '[{"customer":"a","age":"41"}]' } },
  { title: 'JSON that is cut', files: { 'customers.json': CUSTOMERS.slice(0, 40) } },
  { title: 'no JSON', files: { 'customers.json': 'customer: a\nage: 41\n' } },
  {
    title: 'Parquet with another type',
    files: config("files: 'orders.csv'", "files: 'orders.parquet'"),
    parquet: {
      'orders.parquet':
        "SELECT 1 AS id, TIMESTAMPTZ '2026-03-01 10:00:00Z' AS at, 'a' AS customer, '12.50' AS amount, true AS express, NULL::VARCHAR AS note",
    },
  },
  {
    title: 'Parquet with times finer than microseconds',
    files: config("files: 'orders.csv'", "zone: 'UTC',\n  files: 'orders.parquet'"),
    parquet: {
      'orders.parquet':
        "SELECT 1 AS id, TIMESTAMP_NS '2026-03-01 10:00:00.123456789' AS at, 'a' AS customer, 1.5::DOUBLE AS amount, true AS express, NULL::VARCHAR AS note",
    },
  },
  { title: 'Parquet that is none', files: { ...config("files: 'orders.csv'", "files: 'orders.parquet'"), 'orders.parquet': ORDERS } },
]

const MODEL_FILES: readonly BrokenCase[] = [
  { title: 'no model file', files: { 'spend.onnx': undefined } },
  model('an empty model file', new Uint8Array(0)),
  model('a model that is cut', modelOf(FEATURES).subarray(0, 200)),
  model('a pickle or joblib file', Uint8Array.of(0x80, 4, 0x95, 0, 0, 0, 0)),
  model('TorchScript', 'PK\u0003\u0004 model/constants.pkl'),
  {
    title: 'a TensorFlow SavedModel',
    files: { ...config("'spend.onnx'", "'saved'"), 'saved/saved_model.pb': 'tf', 'saved/variables/variables.index': 'x' },
  },
  model('a LightGBM text model', 'tree\nversion=v4\n'),
  model('a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:1\n'),
  fixture('float16 inputs', 'float16.onnx'),
  fixture('text inputs', 'text.onnx'),
  fixture('a map for each row', 'zipmap.onnx'),
  fixture('weights in another file', 'weights_outside.onnx'),
  model('a model of fewer features', modelOf(FEATURES.slice(0, 4))),
  model('a model trained on another order', modelOf([...FEATURES].reverse())),
  model(
    'a model for a later version of ONNX',
    Buffer.from(modelOf(FEATURES).map((byte, i, all) => (byte === 17 && all[i - 1] === 16 && all[i - 2] === 0 ? 99 : byte))),
  ),
  changed('an output that the model has not', "onnx('spend.onnx')", "onnx('spend.onnx', { output: 'probability' })"),
  changed('an element that the output has not', "onnx('spend.onnx')", "onnx('spend.onnx', { output: 'value[1]' })"),
]

const COMMANDS: readonly BrokenCase[] = [
  { title: 'a moment without a zone', files: {}, command: ['run', 'spend', '--as-of', '2026-03-10T12:00'] },
  { title: 'a moment in words', files: {}, command: ['run', 'spend', '--as-of', 'yesterday'] },
  { title: 'a mistyped prediction', files: {}, command: ['run', 'spent'] },
  { title: 'a mistyped command', files: {}, command: ['chekc'] },
  { title: 'a mistyped option', files: {}, command: ['run', 'spend', '--asof', '2026-03-10T12:00:00Z'] },
  { title: 'an answer before the first run', files: {}, command: ['get', 'spend', 'a'] },
]

export const GROUPS: Readonly<Record<string, readonly BrokenCase[]>> = {
  'The project file': PROJECT_FILE,
  Definitions: DEFINITIONS,
  Data: DATA,
  Models: MODEL_FILES,
  Commands: COMMANDS,
}

/** From an empty folder to the first answer, with the sample and with data and models of one's own. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type PrescoreError, simulatedClock } from '../../src/base/index.ts'
import { initProject } from '../../src/init/index.ts'
import { prescore } from '../cli/process.ts'
import { compileProblems } from '../docs/compile.ts'
import { PostgresServer, postgresMissing } from '../postgres-server.ts'
import { scratchFolder, write } from './folder.ts'

const folder = scratchFolder()
const ROOT = join(import.meta.dirname, '../../../..')
const MODELS = join(import.meta.dirname, '../models/fixtures')
const clock = simulatedClock(Date.parse('2026-03-01T12:30:00Z') * 1000)

/** Of a new package. */
const dependencies = { 'onnxruntime-node': '^1.30.0', prescore: '^0.1.0' }

const TRIPS = `trip_id;started;Start station;minutes;member;zip
1;2024-05-01 10:00:00;S1;12.5;true;01234
2;2024-05-02 11:00;S2;7;false;01234
3;2024-05-03 10:00:00;S1;;true;98765
4;2024-05-09 10:00:00;S1;3;true;98765
`

/** Runs the commands that `init` named as the next ones, and gives what the last of them printed. */
async function follow(place: string, next: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  let last = ''
  for (const command of next.filter(each => each.startsWith('npx prescore '))) {
    const args = command.slice('npx prescore '.length).split(' ')
    const { code, stdout, stderr } = await prescore(args, { cwd: place, env })
    assert.equal(code, 0, `${command}: ${stderr}${stdout}`)
    last = stdout
  }
  return last
}

test('the sample answers after the commands that init names', async () => {
  const { code, stdout, stderr } = await prescore(['init', 'sample', '--json'], { cwd: folder })
  assert.equal(code, 0, stderr)
  const { next, install } = JSON.parse(stdout) as { next: string[]; install: string }
  assert.equal(install, 'npm install --ignore-scripts')
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'sample/package.json'), 'utf8'))
  assert.deepEqual(Object.keys(dependencies), ['onnxruntime-node', 'prescore'])
  assert.match(await follow(join(folder, 'sample'), next), /^value +\d+(\.\d+)?$/m)
  const dataset = await prescore(['dataset', 'spend', '--out', 'spend.parquet'], { cwd: join(folder, 'sample') })
  assert.equal(dataset.code, 0, dataset.stderr)
  assert.match(dataset.stdout, /rows × 5 features/)
})

test('nothing is overwritten', async () => {
  await initProject({ folder: join(folder, 'twice'), clock, dependencies })
  const before = readFileSync(join(folder, 'twice/prescore.config.ts'), 'utf8')
  await assert.rejects(initProject({ folder: join(folder, 'twice'), clock, dependencies }), {
    code: 'file_exists',
    message: /prescore\.config\.ts/,
  })
  assert.equal(readFileSync(join(folder, 'twice/prescore.config.ts'), 'utf8'), before)
  write(folder, 'taken/data/orders.csv', 'mine')
  await assert.rejects(initProject({ folder: join(folder, 'taken'), clock, dependencies }), {
    code: 'file_exists',
    message: /orders\.csv/,
  })
  assert.ok(!existsSync(join(folder, 'taken/prescore.config.ts')))
  write(folder, 'kept/package.json', '{"name":"mine"}')
  const { written, install } = await initProject({ folder: join(folder, 'kept'), clock, dependencies })
  assert.equal(install, 'npm install --ignore-scripts onnxruntime-node prescore')
  assert.ok(!written.includes('package.json') && written.includes('tsconfig.json'))
  assert.equal(readFileSync(join(folder, 'kept/package.json'), 'utf8'), '{"name":"mine"}')
})

test('a folder that cannot be written is told, and nothing stays', async () => {
  write(folder, 'file', 'no folder')
  await assert.rejects(initProject({ folder: join(folder, 'file/inside'), clock, dependencies }), { code: 'file_unwritable' })
})

test('events of a CSV: columns, key, time and id are found, and the project answers', async () => {
  const from = write(folder, 'trips.csv', TRIPS)
  const { next, guesses } = await initProject({ folder: join(folder, 'trips'), from, clock, dependencies })
  assert.deepEqual(
    guesses.map(guess => guess.split(' ')[0]),
    ['start_station', 'started', 'trip_id', 'times'],
  )
  const config = readFileSync(join(folder, 'trips/prescore.config.ts'), 'utf8')
  for (const line of [
    "zip: 'string',",
    "minutes: 'float64',",
    "zone: 'UTC',",
    "id: 'trip_id',",
    "files: '../trips.csv',",
    "start_station: 'Start station',",
  ])
    assert.ok(config.includes(line), config)
  assert.match(await follow(join(folder, 'trips'), next), /^value +2\.25$/m)
})

test('a table of JSON: rows that describe entities', async () => {
  const from = write(folder, 'items.json', '[{"sku":"a","price":1.5,"wide":9007199254740993},{"sku":"b","price":2,"wide":1}]')
  const { next } = await initProject({ folder: join(folder, 'items'), from, clock, dependencies })
  assert.match(await follow(join(folder, 'items'), next.slice(1, 2)), /2 planned = 2 ok/)
})

test('a model of its own: its features by its names, its probabilities as the value', async () => {
  const from = write(folder, 'rides.csv', TRIPS)
  const model = join(MODELS, 'lightgbm.onnx')
  const { next, guesses } = await initProject({ folder: join(folder, 'rides'), from, model, clock, dependencies })
  assert.match(guesses[0] ?? '', /the 5 features: until those stand there that the model was trained on/)
  const config = readFileSync(join(folder, 'rides/prescore.config.ts'), 'utf8')
  assert.match(config, /hour: s\.join\.rides\.rows_1d,\n.*distance: /)
  assert.match(config, /output: 'probabilities\[1\]'/)
  assert.match(await follow(join(folder, 'rides'), next.slice(1, 2)), /2 planned = 2 ok/)
})

test('a model without data: what it takes comes with the request', async () => {
  const { next } = await initProject({ folder: join(folder, 'live'), model: join(MODELS, 'lightgbm.onnx'), clock, dependencies })
  const config = readFileSync(join(folder, 'live/prescore.config.ts'), 'utf8')
  assert.match(config, /hour: 'float64',\n {8}distance: 'float64',/)
  assert.match(next[2] ?? '', /"inputs":\{"hour":0,"distance":0/)
  const { code, stdout } = await prescore(['check'], { cwd: join(folder, 'live') })
  assert.equal(code, 0, stdout)
  await initProject({ folder: join(folder, 'unnamed'), model: join(MODELS, 'linear.onnx'), clock, dependencies })
  assert.match(
    readFileSync(join(folder, 'unnamed/prescore.config.ts'), 'utf8'),
    /Guessed: only their number is known.*\n.*\n {8}f1: 'float64',/,
  )
})

test('what init writes compiles', () => {
  const files = ['sample', 'trips', 'items', 'rides', 'live'].map(name => ({
    file: name,
    line: 1,
    language: 'ts',
    text: readFileSync(join(folder, name, 'prescore.config.ts'), 'utf8'),
    comment: undefined,
  }))
  assert.deepEqual(compileProblems(ROOT, files), [])
})

test('what cannot be started from is refused with the way on', async () => {
  const asked = (request: object) => initProject({ folder: join(folder, 'refused'), clock, dependencies, ...request })
  await assert.rejects(asked({ from: write(folder, 'floats.csv', 'a,b\n1.5,2.5\n3.5,4.5\n') }), {
    code: 'invalid_value',
    message: /columns a, b/,
  })
  const dated = write(folder, 'dated.csv', 'k,date,x\na,Jan 1 2000,1\na,Feb 1 2000,2\n')
  await assert.rejects(asked({ from: dated }), (error: PrescoreError) =>
    /`date` looks like times that are not ISO 8601 \("Feb 1 2000"\)/.test(error.fix),
  )
  const fix = 'Check the path: it is relative to the folder that you are in.'
  await assert.rejects(asked({ from: join(folder, 'none.csv') }), { code: 'source_unreadable', fix })
  const short = write(folder, 'short.csv', 'k,at\na,2024-01-01\nb\n')
  await assert.rejects(asked({ from: short }), (error: PrescoreError) => /^[^,]*short\.csv, line 3$/.test(error.details.where ?? ''))
  await assert.rejects(asked({ model: join(MODELS, 'open_width.onnx') }), { code: 'model_mismatch' })
  await assert.rejects(
    asked({ from: write(folder, 'few.csv', 'k,at\na,2024-01-01\na,2024-01-02\n'), model: join(MODELS, 'lightgbm.onnx') }),
    { code: 'model_mismatch' },
  )
  await assert.rejects(asked({ from: join(folder, 'trips.csv'), model: write(folder, 'model.pkl', 'nothing') }), {
    code: 'model_unreadable',
  })
  assert.ok(!existsSync(join(folder, 'refused')))
})

test('check --first shows one problem at a time', async () => {
  await initProject({ folder: join(folder, 'first'), clock, dependencies })
  const config = readFileSync(join(folder, 'first/prescore.config.ts'), 'utf8')
  write(folder, 'first/prescore.config.ts', config.replace("amount: 'float64'", "amont: 'float64'").replace('spend.onnx', 'none.onnx'))
  const { code, stdout } = await prescore(['check', '--first'], { cwd: join(folder, 'first') })
  assert.equal(code, 1)
  assert.equal(stdout.match(/^error /gm)?.length, 1, stdout)
  assert.match(stdout, /Mend it first, \d+ more wait; then run `prescore check --first` again\./)
})

test('a table in PostgreSQL: the project reads it from the database that the environment names', {
  skip: postgresMissing() ?? false,
}, async t => {
  const server = await PostgresServer.start()
  t.after(() => server.remove())
  await server.query(`CREATE SCHEMA shop; CREATE TABLE shop."Trips" (id int8, began timestamp, "Start station" text, minutes float8, extra jsonb);
    INSERT INTO shop."Trips" SELECT i, timestamp '2024-05-01 10:00' + i * interval '1 h', 'S' || i % 3, i, '{}' FROM generate_series(1, 30) i`)
  const env = { DATABASE_URL: server.url }
  const { code, stdout, stderr } = await prescore(['init', 'from-table', '--from', 'postgres:shop.Trips', '--json'], { cwd: folder, env })
  assert.equal(code, 0, stderr)
  const config = readFileSync(join(folder, 'from-table/prescore.config.ts'), 'utf8')
  assert.match(config, /from: postgres\(\{ url: env\('DATABASE_URL'\), table: 'shop\.Trips' \}\),/)
  assert.match(config, /left out: extra, jsonb/)
  assert.match(config, /start_station: 'Start station'/)
  assert.deepEqual(compileProblems(ROOT, [{ file: 'from-table', line: 1, language: 'ts', text: config, comment: undefined }]), [])
  assert.match(await follow(join(folder, 'from-table'), (JSON.parse(stdout) as { next: string[] }).next, env), /^value +/m)
  const unset = await prescore(['init', 'nowhere', '--from', 'postgres:shop.Trips'], { cwd: folder, env: { DATABASE_URL: '' } })
  assert.match(unset.stderr, /source_unreadable.*nothing in DATABASE_URL.*\n.*Set DATABASE_URL/)
})

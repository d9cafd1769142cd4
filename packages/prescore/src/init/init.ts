/** A first project: from some data, a model, both, or from the sample. */
import { existsSync, statSync } from 'node:fs'
import { basename, join, relative, resolve } from 'node:path'
import { type Clock, formatInstant, PrescoreError, removeScratch, scratchFolder } from '../base/index.ts'
import { inspectModel } from '../models/index.ts'
import { Database } from '../parquet/index.ts'
import { env, PROJECT_FILES, postgres } from '../project/index.ts'
import { type GuessedData, guessColumns, guessTable } from '../sources/index.ts'
import { type Choices, choose } from './choose.ts'
import { configText, isName, readSignature, requestConfigText } from './config-text.ts'
import { linearModel } from './linear-model.ts'
import { installStep, type NewFile, writeProject } from './place.ts'
import { SAMPLE_CONFIG, sampleModel, sampleOrders } from './sample.ts'

export interface InitRequest {
  readonly folder: string
  /** A file, folder or glob of rows; or `postgres:` and a table, of the database that DATABASE_URL names. */
  readonly from?: string
  readonly model?: string
  readonly clock: Clock
  /** What the new package depends on, by name with its range: this one, and what runs its model. */
  readonly dependencies: Readonly<Record<string, string>>
}

export interface Initialised {
  readonly folder: string
  /** Relative to the folder. */
  readonly written: readonly string[]
  readonly prediction: string
  /** What was guessed, for a person to look at. */
  readonly guesses: readonly string[]
  /** Installs what the project needs. */
  readonly install: string
  /** What to do then, commands in order. */
  readonly next: readonly string[]
}

/** Before the name of a table, and the variable with the URL of its database. */
const IN_POSTGRES = 'postgres:'
const URL_NAME = 'DATABASE_URL'

/** @throws PrescoreError `file_exists`, `file_unwritable`, `invalid_value`, `model_unreadable`, and what reading the data throws */
export async function initProject(request: InitRequest): Promise<Initialised> {
  const folder = resolve(request.folder)
  const existing = PROJECT_FILES.find(name => existsSync(join(folder, name)))
  if (existing !== undefined) throw new PrescoreError('file_exists', { where: join(folder, existing) })
  if (request.from !== undefined) return fromData(folder, request, request.from)
  return request.model === undefined ? fromSample(folder, request) : fromModel(folder, request, request.model)
}

/** Without data, everything that the model takes comes with the request. */
async function fromModel(folder: string, { dependencies }: InitRequest, model: string): Promise<Initialised> {
  const { names, count, output } = readSignature(await inspectModel(resolve(model)))
  const given = names ?? Array.from({ length: count ?? 0 }, (_, i) => `f${i + 1}`)
  if (given.length === 0 || !given.every(isName)) {
    const fix = 'Add --from with a file of rows, and name the features in the project file.'
    throw new PrescoreError('model_mismatch', {
      where: '--model',
      found: 'a model that does not tell its features',
      expected: 'their number, or names',
      fix,
    })
  }
  const config = requestConfigText({ inputs: given, hasNames: names !== undefined, model: shortest(folder, resolve(model)), output })
  const written = writeProject(folder, [...surroundings(folder, dependencies), { path: 'prescore.config.ts', content: config }])
  const body = JSON.stringify({ inputs: Object.fromEntries(given.map(name => [name, 0])) })
  const ask = `curl -H 'content-type: application/json' -d '${body}' http://127.0.0.1:8080/api/predictions/score/answers`
  const guesses = names === undefined ? ['the names of the inputs: only you know what the model was trained on'] : []
  const install = installStep(folder, dependencies)
  return { folder, written, prediction: 'score', guesses, install, next: ['npx prescore check', 'npx prescore serve --port 8080', ask] }
}

function fromSample(folder: string, { clock, dependencies }: InitRequest): Initialised {
  const written = writeProject(folder, [
    { path: 'data/orders.csv', content: sampleOrders(clock.nowUs()) },
    { path: 'models/spend.onnx', content: sampleModel() },
    ...surroundings(folder, dependencies),
    { path: 'prescore.config.ts', content: SAMPLE_CONFIG },
  ])
  const install = installStep(folder, dependencies)
  return { folder, written, prediction: 'spend', guesses: [], install, next: nextSteps('spend', 'c7', undefined) }
}

async function fromData(folder: string, { model, dependencies }: InitRequest, from: string): Promise<Initialised> {
  const signature = model === undefined ? undefined : readSignature(await inspectModel(resolve(model)))
  const data = await withDatabase(database => guess(database, from))
  const choices = choose(data, signature?.count)
  if (signature?.count !== undefined && choices.features.length < signature.count) throw tooFew(choices, signature.count)
  const source = nameFrom(from)
  const prediction = source === 'score' ? 'answer' : 'score'
  const modelFile = model === undefined ? 'models/starter.onnx' : shortest(folder, resolve(model))
  const config = configText({
    ...choices,
    source,
    prediction,
    place: placeText(folder, from),
    model: modelFile,
    modelNames: signature?.names,
    output: signature?.output,
    modelNote:
      model === undefined ? 'Stands in until you have a model of your own: the mean of the features, whatever they mean.' : 'Your model.',
    unreadable: data.unreadable,
  })
  const starter: NewFile[] = model === undefined ? [{ path: modelFile, content: meanOf(choices) }] : []
  const written = writeProject(folder, [...starter, ...surroundings(folder, dependencies), { path: 'prescore.config.ts', content: config }])
  return {
    folder,
    written,
    prediction,
    guesses: guessesOf(choices, model !== undefined),
    install: installStep(folder, dependencies),
    next: nextSteps(prediction, choices.key.example ?? '', choices.time?.latestUs),
  }
}

async function guess(database: Database, from: string): Promise<GuessedData> {
  if (!from.startsWith(IN_POSTGRES)) return guessColumns(database, from, process.cwd()).catch(fromHere)
  const scratch = scratchFolder('prescore-init-')
  try {
    return await guessTable(database, postgres({ url: env(URL_NAME), table: from.slice(IN_POSTGRES.length) }), scratch)
  } finally {
    await removeScratch(scratch)
  }
}

/** On the command line, a path is relative to where one is, and not to a project that is still to be. */
function fromHere(error: unknown): never {
  if (!(error instanceof PrescoreError) || error.details.found?.startsWith('no file at') !== true) throw error
  throw new PrescoreError(error.code, {
    ...error.details,
    where: '--from',
    fix: 'Check the path: it is relative to the folder that you are in.',
  })
}

async function withDatabase<T>(use: (database: Database) => Promise<T>): Promise<T> {
  const database = await Database.open({ threads: 2 })
  try {
    return await use(database)
  } finally {
    database.close()
  }
}

function tooFew({ features }: Choices, count: number): PrescoreError {
  return new PrescoreError('model_mismatch', {
    where: '--model',
    found: `a model of ${count} features`,
    expected: `at most ${features.length}, which is what can be guessed from these columns`,
    fix: 'Run init without --model, then write the features that the model was trained on into the project file.',
  })
}

function meanOf({ features }: Choices): Buffer {
  return linearModel({ features: features.map(({ name }) => name), weights: features.map(() => 1 / features.length), bias: 0 })
}

function guessesOf({ key, time, id, needsZone, features }: Choices, hasModel: boolean): string[] {
  return [
    ...(hasModel
      ? [`the ${features.length} features: until those stand there that the model was trained on, its values mean nothing`]
      : []),
    `${key.name} is what is predicted about`,
    time === undefined ? 'no column is a time in every row: rows describe entities' : `${time.name} is when a row happened`,
    ...(id === undefined ? [] : [`${id.name} tells rows apart`]),
    ...(needsZone ? ['times without a zone were written in UTC'] : []),
  ]
}

/** What a folder of its own needs beside the project file. */
function surroundings(folder: string, dependencies: InitRequest['dependencies']): NewFile[] {
  const name =
    basename(folder)
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .replaceAll(/^-+|-+$/g, '') || 'predictions'
  const manifest = { name, private: true, type: 'module', dependencies }
  const compiler = {
    compilerOptions: { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, skipLibCheck: true, erasableSyntaxOnly: true },
    include: ['*.ts'],
  }
  return [
    { path: 'package.json', content: `${JSON.stringify(manifest, null, 2)}\n`, optional: true },
    { path: 'tsconfig.json', content: `${JSON.stringify(compiler, null, 2)}\n`, optional: true },
    { path: '.gitignore', content: 'node_modules/\n.prescore/\n', optional: true },
  ]
}

/** Runs as of a moment after the last row, so that windows have something in them. */
function nextSteps(prediction: string, key: string, latestUs: number | undefined): string[] {
  const asOf =
    latestUs === undefined ? '' : formatInstant((Math.floor(latestUs / 3_600_000_000) + 1) * 3_600_000_000).replace('.000000', '')
  const quoted = /^[\w.-]+$/.test(key) ? key : `'${key.replaceAll("'", "'\\''")}'`
  return [
    'npx prescore check',
    `npx prescore run ${prediction}${asOf === '' ? '' : ` --as-of ${asOf}`}`,
    `npx prescore get ${prediction} ${quoted}${asOf === '' ? '' : ` --now ${asOf}`}`,
  ]
}

function nameFrom(path: string): string {
  const stem = (path.startsWith(IN_POSTGRES) ? (path.split(/[.:]/).at(-1) as string) : basename(path))
    .replace(/\..*$/, '')
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replaceAll(/^[^A-Za-z]+|_+$/g, '')
  return stem === '' || RESERVED.has(stem) ? 'rows' : stem
}

/** Names that the project file uses for something else, and words of the language that a source could be called. */
const RESERVED = new Set([
  'features',
  'entity',
  'events',
  'table',
  'prediction',
  'onnx',
  'defineProject',
  'default',
  'export',
  'import',
  'new',
  'class',
  'in',
  'for',
])

/** The member of the source that says where its rows are. */
function placeText(folder: string, from: string): string {
  if (from.startsWith(IN_POSTGRES)) return `from: postgres({ url: env('${URL_NAME}'), table: '${from.slice(IN_POSTGRES.length)}' })`
  const path = shortest(folder, resolve(from))
  const isFolder = statSync(resolve(from), { throwIfNoEntry: false })?.isDirectory() === true
  return `files: '${path}${isFolder ? '/' : ''}'`
}

function shortest(folder: string, path: string): string {
  return relative(folder, path).replaceAll('\\', '/')
}

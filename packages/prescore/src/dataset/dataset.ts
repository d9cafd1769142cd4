/** Point-in-time training sets: for each row its features as of its own moment, and the label; with a release, also what its model gives. */
import { existsSync } from 'node:fs'
import { checkSignal, PrescoreError } from '../base/index.ts'
import { type ClockName, KERNEL_VERSION } from '../features/index.ts'
import { type Database, interruptible } from '../parquet/index.ts'
import type { LoadedProject, PredictionDefinition } from '../project/index.ts'
import { featureHash, type Release } from '../release/index.ts'
import { readingLogs } from '../sources/index.ts'
import { workMbOf } from './budget.ts'
import { Building } from './building.ts'
import { type Prepared, type ProgressListener, prepare } from './prepare.ts'
import type { RowsRequest } from './rows-request.ts'
import { Scratch } from './scratch.ts'

/** Of the process. */
const MEMORY_MB = 1024

export interface DatasetRequest extends RowsRequest {
  readonly prediction: string
  /** `as-served`: what was known at each row's as-of. `corrected`: all that is known now. */
  readonly clock: ClockName
  /** The Parquet file to be written. */
  readonly file: string
  /** Its features and its model, in the place of the project's: then what the model gives for each row is written too. */
  readonly release?: Release
  /** 1 by default. The result is the same. */
  readonly threads?: number
  /** What the process may take; 1,024 by default. The result is the same. */
  readonly memoryMb?: number
  /** Of it what rows and events may take, in work and while they wait for it; by default what is left for them. */
  readonly workMb?: number
  readonly onProgress?: ProgressListener
  readonly signal?: AbortSignal
}

export interface DatasetReport {
  readonly prediction: string
  readonly file: string
  readonly clock: ClockName
  readonly featureHash: string
  readonly rows: number
  /** Rows left out because their label is missing or not known yet. */
  readonly unlabelled: number
  /** Rows left out because their key has a missing column. */
  readonly keyless: number
  readonly features: readonly string[]
  /** With a release: which, and how many rows have no value, by why. */
  readonly release?: string
  readonly rejected?: Readonly<Record<string, number>>
  readonly seconds: number
}

/**
 * On any failure the file is as it was before, and nothing lies beside it.
 * @throws PrescoreError `unknown_prediction`, `no_training`, `project_invalid` with every problem, `missing_time`, `lossy_cast`,
 * `duplicate_name`, `file_unwritable`, `worker_failed`, `interrupted`, and whatever reading the sources may throw
 */
export async function buildDataset(database: Database, loaded: LoadedProject, request: DatasetRequest): Promise<DatasetReport> {
  const done = await reading(loaded, request.prediction)
  try {
    return await interruptible(database, request.signal, () => build(database, loaded, request))
  } finally {
    await done()
  }
}

/** What it pins of the event logs is not dropped meanwhile. */
async function reading({ logs }: LoadedProject, prediction: string): Promise<() => Promise<void>> {
  return logs === undefined || !existsSync(logs)
    ? async () => {}
    : readingLogs(logs, `a training set of ${prediction}, which is being made`)
}

async function build(database: Database, loaded: LoadedProject, request: DatasetRequest): Promise<DatasetReport> {
  const started = performance.now()
  const { file, clock, release, onProgress, signal, threads = 1, memoryMb = MEMORY_MB } = request
  const { workMb = workMbOf(memoryMb, threads) } = request
  const prepared = await prepare(database, loaded, request.prediction, { clock, release, onProgress, signal })
  const { prediction } = prepared
  if (release !== undefined) refuseNames(prediction)
  const features = prediction.features.map(({ name }) => name)
  const hash = featureHash(prepared.spec.project, prediction)
  const metadata = {
    'prescore.prediction': prediction.name,
    'prescore.feature_hash': hash,
    'prescore.features': JSON.stringify(features),
    'prescore.clock': clock,
    'prescore.kernel': String(KERNEL_VERSION),
    ...(release === undefined ? {} : { 'prescore.release': release.hash }),
  }
  const { rows, unlabelled, keyless, rejected } = await write(prepared, request, { threads, bytes: workMb * 2 ** 20 }, metadata)
  return {
    prediction: prediction.name,
    file,
    clock,
    featureHash: hash,
    rows,
    unlabelled,
    keyless,
    features,
    ...(release === undefined ? {} : { release: release.hash, rejected }),
    seconds: (performance.now() - started) / 1000,
  }
}

async function write(
  prepared: Prepared,
  { file, signal, ...request }: DatasetRequest,
  budget: { readonly threads: number; readonly bytes: number },
  metadata: Readonly<Record<string, string>>,
): Promise<Building['counts']> {
  const scratch = await Scratch.beside(file)
  const building = new Building(prepared, scratch, budget, signal)
  try {
    await building.write(request, metadata, scratch.path('whole'))
    checkSignal(signal)
    await scratch.publish('whole')
    return building.counts
  } finally {
    await building.close()
    await scratch.remove()
  }
}

/** Features stand under their own names: what the model gives needs names of its own. */
function refuseNames({ name: prediction, features }: PredictionDefinition): void {
  const taken = features.find(({ name }) => /^(rejected|value(_\d+)?)$/i.test(name))
  if (taken === undefined) return
  const where = `predictions.${prediction}.features.${taken.name}`
  throw new PrescoreError('duplicate_name', {
    where,
    found: `\`${taken.name}\``,
    expected: 'another name than that of a column of the scores',
  })
}

/**
 * A release: the definitions, the model's bytes and its signature under one content hash.
 * It is written once and never changed; batch and live run the same one.
 */
import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { ERRORS, finished, PrescoreError, type Problem, suggestion, unfinished } from '../base/index.ts'
import { type ExpectedMatch, type ModelProof, modelBytes, proveModel, type RuntimeChoice } from '../models/index.ts'
import { checkProject, type LoadedProject, type PredictionDefinition, type ProjectDefinition } from '../project/index.ts'
import type { Catalog } from '../stores/index.ts'
import { bundleProject } from './bundle.ts'
import { checkPredictionModel, isSound } from './check.ts'
import { type ReleaseRecord, readRecord, recordOf, recordText } from './record.ts'

export interface Release extends ReleaseRecord {
  /** In {@link project}, the prediction's model names the same runtime: whoever opens it by its definition runs it with this one. */
  readonly runtime: RuntimeChoice
  /** Where it lies; holds `release.json`, the model and the archived `project.mjs`. */
  readonly folder: string
  readonly modelFile: string
}

export interface Frozen {
  readonly release: Release
  /** False when the same release was there already. */
  readonly created: boolean
  readonly warnings: readonly Problem[]
  /** How near the model is to its training framework; undefined: no expected rows lie beside it. */
  readonly expected: ExpectedMatch | undefined
}

const BEFORE_CHOICE: RuntimeChoice = Object.freeze({ name: 'onnx', reason: 'frozen before there was a choice' })

/**
 * Freezes a prediction as it is now, under `releases/`. Any number of processes may at once: one of them creates it.
 * @throws PrescoreError `unknown_prediction`, `project_invalid` with every problem, `expected_rows`, `expected_differ`, `release_corrupt`,
 * `model_unavailable`
 */
export async function freezeRelease(loaded: LoadedProject, name: string, releases: string): Promise<Frozen> {
  const { definition } = loaded
  const prediction = Object.hasOwn(definition.predictions, name) ? definition.predictions[name] : undefined
  if (prediction === undefined)
    throw new PrescoreError('unknown_prediction', { found: `\`${name}\``, fix: suggestion(name, Object.keys(definition.predictions)) })
  const declared = checkProject(definition)
  const { problems, signature } = await checkPredictionModel(loaded, prediction, isSound(declared))
  // Of a model server that is down, and not of the project.
  const passing = problems.find(({ code }) => ERRORS[code].retryable)
  if (passing !== undefined) throw new PrescoreError(passing.code, passing)
  const all = [...declared, ...problems]
  if (signature === undefined || !isSound(all)) throw new PrescoreError('project_invalid', { where: `predictions.${name}`, problems: all })
  const names = prediction.features.map(each => each.name)
  const model = await modelBytes(prediction.model, loaded.folder, names)
  const record = recordOf(definition, prediction, model, signature)
  const known = existsSync(join(releases, record.hash)) ? await loadRelease(releases, record.hash) : undefined
  const { runtime, expected } = await prove(loaded, prediction, known?.runtime)
  const created = known === undefined && (await write(releases, { ...record, runtime }, model, loaded.file))
  return { release: known ?? (await loadRelease(releases, record.hash)), created, warnings: problems, expected }
}

/** Expected rows are compared each time: they may have come, or changed, since the release was frozen. */
async function prove({ folder }: LoadedProject, { model, features }: PredictionDefinition, chosen?: RuntimeChoice): Promise<ModelProof> {
  const names = features.map(({ name }) => name)
  if (model.runtime !== 'onnx') {
    const reason = model.remote === undefined ? 'it is a function' : 'it computes on a server of its own'
    return { runtime: { name: model.runtime, reason }, expected: undefined }
  }
  return proveModel(resolve(folder, model.file), model, names, chosen)
}

/** A model that is no file lies here as what tells it. */
function modelFileName({ model }: ReleaseRecord): string {
  return model.definition.runtime === 'onnx' ? 'model.onnx' : 'model.json'
}

/** Written beside, then renamed: a release is there whole or not at all. @returns false when another process was first. */
async function write(releases: string, record: ReleaseRecord, model: Buffer, projectFile: string): Promise<boolean> {
  const project = await bundleProject(projectFile)
  const folder = join(releases, record.hash)
  const temporary = unfinished(join(releases, `freezing-${randomUUID()}`))
  await mkdir(temporary, { recursive: true })
  try {
    await writeFile(join(temporary, 'release.json'), recordText(record), { flush: true })
    await writeFile(join(temporary, modelFileName(record)), model, { flush: true })
    await writeFile(join(temporary, 'project.mjs'), project, { flush: true })
    await rename(temporary, folder)
    return true
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    if (existsSync(folder)) return false
    throw error
  } finally {
    finished(temporary)
  }
}

/**
 * Loads a release and proves that it is what its hash says.
 * @throws PrescoreError `release_not_found`, `release_corrupt`, `store_format` (another version of Prescore froze it)
 */
export async function loadRelease(releases: string, hash: string): Promise<Release> {
  const folder = join(releases, hash)
  if (!existsSync(folder)) throw new PrescoreError('release_not_found', { found: hash })
  const record = await readRecord(folder)
  if (record.hash !== hash) throw new PrescoreError('release_corrupt', { where: folder, found: `release ${record.hash}`, expected: hash })
  const modelFile = join(folder, modelFileName(record))
  const model = await readModel(modelFile, record)
  const prediction = record.project.predictions[record.prediction] as PredictionDefinition
  const now = recordOf(record.project, prediction, model, record.model.signature)
  const runtime = record.runtime ?? BEFORE_CHOICE
  if (now.hash === hash) return { ...record, runtime, project: withRuntime(record, runtime), folder, modelFile }
  throw new PrescoreError('store_format', {
    where: folder,
    found: 'the kernel or the time-zone rules of another version of Prescore',
    expected: 'those of this version',
    fix: 'Use the version that froze it, or run `prescore release` to freeze it anew.',
  })
}

function withRuntime({ project, prediction }: ReleaseRecord, { name }: RuntimeChoice): ProjectDefinition {
  const definition = project.predictions[prediction] as PredictionDefinition
  const model = { ...definition.model, runtime: name }
  return { ...project, predictions: { ...project.predictions, [prediction]: { ...definition, model } } }
}

/** Lists a release in the catalog, where it is not listed yet. */
export function recordRelease(catalog: Catalog, { hash, prediction, featureHash, model: { sha256, bytes } }: Release): void {
  catalog.addRelease({ id: hash, prediction, manifest: { featureHash, model: { sha256, bytes } } })
}

async function readModel(file: string, { model }: ReleaseRecord): Promise<Buffer> {
  const corrupt = (found: string, cause?: unknown) =>
    new PrescoreError('release_corrupt', {
      where: file,
      found,
      expected: `${model.bytes} bytes, sha256 ${model.sha256.slice(0, 12)}…`,
      cause,
    })
  const bytes = await readFile(file).catch((error: Error) => {
    throw corrupt(error.message, error)
  })
  if (createHash('sha256').update(bytes).digest('hex') !== model.sha256) throw corrupt(`other content in ${bytes.length} bytes`)
  return bytes
}

/** What a training set begins with: the prediction, found sound, and its sources as they are now. */
import { checkSignal, PrescoreError, suggestion } from '../base/index.ts'
import type { ClockName } from '../features/index.ts'
import type { Database } from '../parquet/index.ts'
import {
  checkProject,
  type LoadedProject,
  type PredictionDefinition,
  type ProjectDefinition,
  type TrainingDefinition,
} from '../project/index.ts'
import type { Release } from '../release/index.ts'
import { pinSources, type SourceAt, type SourcePin, sourceAt, sourcesPlace } from '../sources/index.ts'
import type { WorkSpec } from './ground.ts'

/** Told on the way: rows of a stage that are done, of so many. */
export type ProgressListener = (stage: string, done: number, total: number) => void

export interface Prepared {
  readonly spec: WorkSpec
  readonly database: Database
  readonly prediction: PredictionDefinition
  readonly training: TrainingDefinition
  /** Names the training in messages. */
  readonly where: string
  source(name: string): { readonly at: SourceAt; readonly pin: SourcePin }
  /** Adds up the rows of a stage of this name. @throws PrescoreError `interrupted` once the signal has fired */
  counter(stage: string): (rows: number, total: number) => void
}

export interface PrepareOptions {
  readonly clock: ClockName
  /** Whose model gives the values, where they are wanted. */
  readonly release: Release | undefined
  readonly onProgress: ProgressListener | undefined
  readonly signal: AbortSignal | undefined
}

/** @throws PrescoreError `unknown_prediction`, `no_training`, `project_invalid` with every problem, `duplicate_name`, and what pinning may throw */
export async function prepare(
  database: Database,
  { definition, ...place }: LoadedProject,
  name: string,
  { clock, release, onProgress, signal }: PrepareOptions,
): Promise<Prepared> {
  const found = Object.hasOwn(definition.predictions, name) ? definition.predictions[name] : undefined
  if (found === undefined)
    throw new PrescoreError('unknown_prediction', { found: `\`${name}\``, fix: suggestion(name, Object.keys(definition.predictions)) })
  const where = `predictions.${name}`
  const problems = checkProject(definition)
  if (problems.some(({ severity }) => severity === 'error')) throw new PrescoreError('project_invalid', { where, problems })
  const { training } = found
  if (training === undefined) throw new PrescoreError('no_training', { where })
  const population = found.population === undefined ? {} : { population: found.population }
  const prediction = release === undefined ? found : { ...releasedPrediction(release), training, ...population }
  const project: ProjectDefinition = { ...definition, predictions: { [name]: prediction } }
  const spec = {
    ...sourcesPlace(place),
    project,
    prediction: name,
    pins: Object.fromEntries(
      await pinSources(
        database,
        [...sourcesOf(prediction, training)].map(source => sourceAt(place, project, source)),
        signal,
      ),
    ),
    clock,
    ...(release === undefined ? {} : { modelFile: release.modelFile }),
  }
  return {
    spec,
    database,
    prediction,
    training,
    where: `${where}.training`,
    source: source => ({ at: sourceAt(place, project, source), pin: spec.pins[source] as SourcePin }),
    counter: stage => {
      let done = 0
      return (rows, total) => {
        checkSignal(signal)
        done += rows
        onProgress?.(stage, done, total)
      }
    },
  }
}

/** Features and model as they were frozen; which rows there are says the project. */
function releasedPrediction({ project, prediction }: Release): PredictionDefinition {
  return project.predictions[prediction] as PredictionDefinition
}

function sourcesOf({ joins }: PredictionDefinition, { source, next }: TrainingDefinition): Set<string> {
  return new Set([source, ...(next === undefined ? [] : [next.source]), ...Object.values(joins).map(join => join.source)])
}

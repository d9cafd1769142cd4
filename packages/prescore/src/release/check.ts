/** Checks a project against its real data and models: every problem at once. */
import { asPrescoreError, type Problem, problem, removeScratch, scratchFolder } from '../base/index.ts'
import { checkModel, hasOnnxRuntime, inspectDefinition, type ModelSignature, ONNX_RUNTIME_INSTALL } from '../models/index.ts'
import type { Database } from '../parquet/index.ts'
import { checkProject, type LoadedProject, type PredictionDefinition, type ProjectDefinition } from '../project/index.ts'
import {
  compareColumns,
  describeFiles,
  newestKnownUs,
  pinSource,
  RequestTable,
  type SourceAt,
  type SourcePin,
  sourceAt,
} from '../sources/index.ts'
import { featureHash } from './canonical.ts'
import { checkGates } from './gates.ts'

/**
 * Problems of the definitions, of the data and of the models; rows are read only where the definitions are sound.
 * @param newest takes when the newest event of each source was known, where that is told by its files
 */
export async function checkAll(database: Database, loaded: LoadedProject, newest = new Map<string, number>()): Promise<readonly Problem[]> {
  const { definition } = loaded
  const problems = [...checkProject(definition)]
  const sound = isSound(problems)
  for (const name of Object.keys(definition.sources)) {
    const found = await checkData(database, sourceAt(loaded, definition, name), sound, newest)
    problems.push(...found, ...(sound && isSound(found) ? await checkRequestTable(loaded, name) : []))
  }
  for (const prediction of Object.values(definition.predictions)) {
    problems.push(...(await checkPredictionModel(loaded, prediction, sound)).problems, ...(await checkGates(database, prediction)))
  }
  return [...problems, ...checkPackages(definition)]
}

/** What a release of a model needs, and answers from a released tree do not: so only a warning. */
function checkPackages({ predictions }: ProjectDefinition): Problem[] {
  const using = Object.values(predictions).find(({ model }) => model.runtime === 'onnx')
  if (using === undefined || hasOnnxRuntime()) return []
  const fix = `Run \`${ONNX_RUNTIME_INSTALL}\`. Where only released trees run, nothing is to be done.`
  return [
    problem(
      'package_missing',
      `predictions.${using.name}.model`,
      'no ONNX Runtime',
      'it, to release a prediction or run it anew',
      fix,
      'warning',
    ),
  ]
}

/** Warnings do not count. */
export function isSound(problems: readonly Problem[]): boolean {
  return problems.every(({ severity }) => severity === 'warning')
}

async function checkData(database: Database, source: SourceAt, sound: boolean, newest: Map<string, number>): Promise<readonly Problem[]> {
  try {
    const problems = compareColumns(source.definition, await describeFiles(database, source), `sources.${source.name}`)
    if (problems.length > 0 || !sound) return problems
    const { duplicates, rows } = await pinnedOnce(database, source, newest)
    if (duplicates === 0) return []
    const found = `${duplicates} of ${rows} rows repeat an id`
    return [
      problem(
        'duplicate_keys',
        `sources.${source.name}.id`,
        found,
        'unique ids',
        'Nothing, if they are redeliveries: the first arrival of each id counts.',
        'warning',
      ),
    ]
  } catch (error) {
    return asProblems(error, `sources.${source.name}`)
  }
}

/** Where rows are read with each request: whether the keys of all joins are found without reading everything. */
async function checkRequestTable(loaded: LoadedProject, name: string): Promise<readonly Problem[]> {
  const { definition } = loaded
  if (definition.sources[name]?.from?.perRequest === undefined) return []
  const joins = Object.values(definition.predictions).flatMap(({ joins }) => Object.values(joins))
  const keys = joins.filter(({ source }) => source === name).map(({ entity, by }) => Object.keys(entity).map(each => by[each] ?? each))
  const distinct = new Map(keys.map(columns => [JSON.stringify(columns), columns]))
  const table = new RequestTable(sourceAt(loaded, definition, name))
  try {
    const problems: Problem[] = []
    for (const columns of distinct.values()) problems.push(...(await table.check(columns)))
    return problems
  } catch (error) {
    return asProblems(error, `sources.${name}`)
  }
}

/** What is read of a database is of no use to anybody else: it goes at once. */
async function pinnedOnce(database: Database, source: SourceAt, newest: Map<string, number>): Promise<SourcePin> {
  if (source.definition.from === undefined) return pinned(database, source, newest)
  const snapshots = scratchFolder('prescore-check-')
  try {
    return await pinned(database, { ...source, snapshots }, newest)
  } finally {
    await removeScratch(snapshots)
  }
}

async function pinned(database: Database, source: SourceAt, newest: Map<string, number>): Promise<SourcePin> {
  const pin = await pinSource(database, source)
  const newestUs = source.definition.type === 'events' ? await newestKnownUs(database, source, pin) : undefined
  if (newestUs !== undefined) newest.set(source.name, newestUs)
  return pin
}

export interface ModelCheck {
  readonly problems: readonly Problem[]
  readonly signature: ModelSignature | undefined
}

/** The model of one prediction against its feature vector. @param sound whether the definitions are: only then there is a feature hash. */
export async function checkPredictionModel(
  { definition, folder }: LoadedProject,
  prediction: PredictionDefinition,
  sound: boolean,
): Promise<ModelCheck> {
  const { model, features, name } = prediction
  const where = `predictions.${name}.model`
  try {
    const signature = await inspectDefinition(model, folder)
    const names = features.map(each => each.name)
    return { signature, problems: checkModel(signature, model, names, sound ? featureHash(definition, prediction) : undefined, where) }
  } catch (error) {
    return { signature: undefined, problems: asProblems(error, where) }
  }
}

function asProblems(error: unknown, where: string): readonly Problem[] {
  const { code, details, fix, message } = asPrescoreError(error)
  return details.problems ?? [problem(code, details.where ?? where, details.found ?? message, details.expected ?? 'see the fix', fix)]
}

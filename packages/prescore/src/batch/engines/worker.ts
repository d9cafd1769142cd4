/** A worker thread of the local engine: computes shards, one task at a time. Everything it needs comes as plain data. */
import { serveTasks, type Tell } from '../../base/index.ts'
import { type ModelRunner, openModel } from '../../models/index.ts'
import { Database } from '../../parquet/index.ts'
import { openContext, type RunContext, type RunSpec } from '../context.ts'
import type { OnRows } from '../progress.ts'
import { computeFeatures } from '../stages/features.ts'
import { scoreShards } from '../stages/score-shards.ts'
import type { Order, TaskRows } from './task.ts'

const database = Database.whenNeeded({ threads: 1 })
let opened: Promise<RunContext> | undefined
let model: Promise<ModelRunner> | undefined

async function open(spec: RunSpec): Promise<RunContext> {
  return openContext(spec, database)
}

async function perform({ spec, task: { stage, shards, together } }: Order, tell: Tell<TaskRows>): Promise<void> {
  opened ??= open(spec)
  const context = await opened
  const onRows: OnRows = (rows, scan) => tell({ rows, ...(scan === undefined ? {} : { scan }) })
  if (stage === 'features') return computeFeatures(context, shards, onRows, together)
  const { release, prediction } = context
  model ??= openModel(
    release.modelFile,
    prediction.model,
    prediction.features.map(({ name }) => name),
  )
  await scoreShards(context, await model, shards, onRows, together)
}

async function close(): Promise<void> {
  const runner = await model?.catch(() => undefined)
  const context = await opened?.catch(() => undefined)
  await runner?.close()
  context?.database.close()
}

serveTasks({ perform, interrupt: () => database.interrupt(), close })

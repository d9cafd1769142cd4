/** A worker thread of the local engine: computes shards, one task at a time. Everything it needs comes as plain data. */
import { serveTasks, type Tell } from '../../base/index.ts'
import { type ModelRunner, openModel } from '../../models/index.ts'
import { Database } from '../../parquet/index.ts'
import { openContext, type RunContext, type RunSpec } from '../context.ts'
import type { OnRows } from '../progress.ts'
import { computeFeatures } from '../stages/features.ts'
import { scoreShards } from '../stages/score-shards.ts'
import { buffersOf, type StagedPiece, stagePiece } from '../stages/staged-piece.ts'
import type { Order, Task, TaskRows } from './task.ts'

const database = Database.whenNeeded({ threads: 1 })
let opened: Promise<RunContext> | undefined
let model: Promise<ModelRunner> | undefined

async function open(spec: RunSpec): Promise<RunContext> {
  return openContext(spec, database)
}

async function perform(order: Order, tell: Tell<TaskRows>): Promise<StagedPiece | undefined> {
  opened ??= open(order.spec)
  const context = await opened
  if ('piece' in order) return stagePiece(context, order.piece)
  await compute(context, order.task, tell)
  return undefined
}

async function compute(context: RunContext, { stage, shards, together }: Task, tell: Tell<TaskRows>): Promise<void> {
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

serveTasks({
  perform,
  transfer: staged => (staged === undefined ? [] : buffersOf(staged)),
  interrupt: () => database.interrupt(),
  close,
})

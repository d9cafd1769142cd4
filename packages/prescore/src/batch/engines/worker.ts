/** A worker thread of the local engine: computes shards, one task at a time. Everything it needs comes as plain data. */
import { serveTasks, type Tell } from '../../base/index.ts'
import { type ModelRunner, openModel } from '../../models/index.ts'
import { Database } from '../../parquet/index.ts'
import { openContext, type RunContext, type RunSpec } from '../context.ts'
import { keysOfSlice } from '../population-slices.ts'
import type { OnRows } from '../progress.ts'
import { computeFeatures } from '../stages/features.ts'
import { scoreStaged } from '../stages/score.ts'
import { type HeldShards, holdOwnShards } from '../stages/score-own.ts'
import { scoreShards } from '../stages/score-shards.ts'
import { buffersOf, stagePiece } from '../stages/staged-piece.ts'
import type { Held, Order, OrderResult, Task, TaskRows } from './task.ts'

const database = Database.whenNeeded({ threads: 1 })
let opened: Promise<RunContext> | undefined
let model: Promise<ModelRunner> | undefined
let held: HeldShards | undefined

async function open(spec: RunSpec): Promise<RunContext> {
  return openContext(spec, database)
}

async function perform(order: Order, tell: Tell<TaskRows>): Promise<OrderResult> {
  if ('keys' in order) return keysOfSlice(database, order.keys, () => tell({ rows: 0 }))
  opened ??= open(order.spec)
  const context = await opened
  if ('task' in order) return compute(context, order.task, tell)
  const { piece } = order
  if (!('shard' in piece)) return stagePiece(context, piece)
  return held === undefined ? scoreStaged(context, await modelOf(context), piece.shard, rows => tell({ rows })) : held.finish(piece.shard)
}

function modelOf({ release, prediction }: RunContext): Promise<ModelRunner> {
  model ??= openModel(
    release.modelFile,
    prediction.model,
    prediction.features.map(({ name }) => name),
  )
  return model
}

async function compute(context: RunContext, { stage, shards, together, hold }: Task, tell: Tell<TaskRows>): Promise<Held | undefined> {
  const onRows: OnRows = (rows, scan) => tell({ rows, ...(scan === undefined ? {} : { scan }) })
  if (stage === 'features') {
    const scored = await computeFeatures(context, shards, onRows, together, hold === true ? () => modelOf(context) : undefined)
    held = scored
    return scored === undefined ? undefined : { rejected: scored.rejected, seconds: scored.seconds }
  }
  const runner = await modelOf(context)
  if (hold !== true || together === undefined) {
    await scoreShards(context, runner, shards, onRows, together)
    return undefined
  }
  held = await holdOwnShards(context, runner, onRows, together)
  return held === undefined ? undefined : { rejected: held.rejected }
}

async function close(): Promise<void> {
  const runner = await model?.catch(() => undefined)
  const context = await opened?.catch(() => undefined)
  await runner?.close()
  context?.database.close()
}

serveTasks({
  perform,
  transfer: result =>
    result instanceof Float64Array ? [result.buffer] : result !== undefined && 'piece' in result ? buffersOf(result) : [],
  interrupt: () => database.interrupt(),
  close,
})

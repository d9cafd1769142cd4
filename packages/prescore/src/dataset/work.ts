/** The work on a training set that threads share: events sorted out to parts of the keys, features of parts, and blocks of finished rows. */
import { freeLetGo } from '../parquet/index.ts'
import { type BlockDone, type BlockTask, performBlock } from './block.ts'
import { type DealDone, type DealTask, performDeal } from './deal.ts'
import type { Ground, Told } from './ground.ts'
import { type PartDone, type PartTask, performPart } from './part.ts'

export type Task = DealTask | PartTask | BlockTask
export type Done<T extends Task> = T extends DealTask ? DealDone : T extends PartTask ? PartDone : BlockDone

export function perform<T extends Task>(ground: Ground, task: T, tell: (told: Told) => void): Promise<Done<T>> {
  freeLetGo()
  return performed(ground, task, tell) as Promise<Done<T>>
}

function performed(ground: Ground, task: Task, tell: (told: Told) => void): Promise<Done<Task>> {
  if (task.kind === 'deal') return performDeal(ground, task, tell)
  return task.kind === 'part' ? performPart(ground, task, tell) : performBlock(ground, task, tell)
}

/** The work on a training set that threads share: features of parts of the keys, and blocks of finished rows. */
import { type BlockDone, type BlockTask, performBlock } from './block.ts'
import type { Ground, Told } from './ground.ts'
import { type PartDone, type PartTask, performPart } from './part.ts'

export type Task = PartTask | BlockTask
export type Done<T extends Task> = T extends PartTask ? PartDone : BlockDone

export function perform<T extends Task>(ground: Ground, task: T, tell: (told: Told) => void): Promise<Done<T>> {
  const done = task.kind === 'part' ? performPart(ground, task, tell) : performBlock(ground, task, tell)
  return done as Promise<Done<T>>
}

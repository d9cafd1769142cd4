/** A worker thread of a training set. Everything it needs comes as plain data. */
import { workerData } from 'node:worker_threads'
import { arraysIn, letGo, serveTasks, type Tell } from '../base/index.ts'
import { Database } from '../parquet/index.ts'
import { type Ground, openGround, type Told, type WorkSpec } from './ground.ts'
import { buffersOf } from './pieces.ts'
import { type Done, perform, type Task } from './work.ts'

/**
 * Opened at once, while there may be no work yet; but for the database, since most files are read without it. What went wrong is told with
 * the first task.
 */
const database = Database.whenNeeded({ threads: 1 })
const ground = open()
ground.catch(() => {})

async function open(): Promise<Ground> {
  return openGround(workerData as WorkSpec, database)
}

serveTasks({
  async perform(task: Task, tell: Tell<Told>): Promise<Done<Task>> {
    const done = await perform(await ground, task, tell)
    // It came for this thread alone.
    letGo(arraysIn(task))
    return done
  },
  transfer: done => ('features' in done ? buffersOf(done.features.flat(2)) : []),
  interrupt: () => database.interrupt(),
  async close() {
    const opened = await ground.catch(() => undefined)
    await opened?.model?.close()
    opened?.database.close()
  },
})

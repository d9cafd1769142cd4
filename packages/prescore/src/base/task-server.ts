/** The inside of a worker thread: performs one task after another, until it is told to end. */
import { parentPort } from 'node:worker_threads'
import { PrescoreError } from './errors.ts'
import { STOP, type TaskMessage } from './task-thread.ts'
import { asPrescoreError } from './thrown.ts'

/** What a task says on its way. @throws PrescoreError `interrupted` once the worker is to end */
export type Tell<Told> = (told: Told) => void

export interface TaskWork<Task, Told, Result> {
  perform(task: Task, tell: Tell<Told>): Promise<Result>
  /** What of a result its owner takes over, instead of a copy. */
  transfer?(result: Result): readonly ArrayBuffer[]
  /** Cuts short what waits for others: nobody wants what is being performed. */
  interrupt?(): void
  /** Lets go of what is open: with nothing left, the thread ends by itself. */
  close(): Promise<void>
}

export function serveTasks<Task, Told, Result>({ perform, transfer, interrupt, close }: TaskWork<Task, Told, Result>): void {
  const port = parentPort as NonNullable<typeof parentPort>
  let working: Promise<void> = Promise.resolve()
  let isWorking = false
  let stopping = false
  const send = (message: TaskMessage<Told, Result>, taken: readonly ArrayBuffer[] = []) => port.postMessage(message, taken)
  const tell = (told: Told) => {
    if (stopping) throw new PrescoreError('interrupted')
    send({ type: 'told', told })
  }
  const stop = async () => {
    stopping = true
    if (isWorking) interrupt?.()
    await working
    await close()
    port.close()
  }
  port.on('message', (message: Task | typeof STOP) => {
    if (message === STOP) {
      void stop()
      return
    }
    isWorking = true
    working = perform(message, tell)
      .then(
        result => send({ type: 'done', result }, transfer?.(result)),
        error => send({ type: 'failed', error: asPrescoreError(error).toJSON() }),
      )
      .finally(() => {
        isWorking = false
      })
  })
}

/** A worker process of a served model: a runner of its own, and one call at a time. Started by `worker-process.ts`. */
import { asPrescoreError } from '../../base/index.ts'
import { openModel } from '../model.ts'
import type { ModelRunner } from '../runtime.ts'
import type { FromWorker, ToWorker } from './messages.ts'

let runner: ModelRunner | undefined

function send(message: FromWorker): void {
  process.send?.(message)
}

async function perform(message: ToWorker): Promise<void> {
  if (message.type === 'call') {
    send({ type: 'values', values: await (runner as ModelRunner).run(message.matrix, message.rows) })
  } else if (message.type === 'open') {
    const { file, definition, featureNames } = message.spec
    runner = await openModel(file, definition, featureNames)
    send({ type: 'ready' })
  } else {
    await runner?.close()
    process.disconnect()
  }
}

process.on('message', (message: ToWorker) => {
  perform(message).catch((error: unknown) => send({ type: 'failed', error: asPrescoreError(error).toJSON() }))
})
// The server decides when its workers end: a Ctrl-C reaches them too, and calls may still be under way.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => {})
process.on('disconnect', () => process.exit())

/** ONNX Runtime itself: loaded when a model first needs it, and how its sessions are made everywhere. */
import type { InferenceSession } from 'onnxruntime-node'
import { installLine, optionalPackage, PrescoreError } from '../../base/index.ts'
import { messageOf } from './runner.ts'

/** One thread: with more, the bits of a row depend on its batch. */
export const SESSION_OPTIONS: InferenceSession.SessionOptions = Object.freeze({
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  // What goes wrong comes as an error; nothing is printed.
  logSeverityLevel: 4,
})

/**
 * From 1.30 on, ONNX Runtime tells Microsoft of processes, sessions and models, and keeps an id, a database and logs for that in the
 * home and temporary folders. Not from here, unless whoever starts the program says otherwise. It reads this once, when it is loaded,
 * and native code sees what the main thread sets only: so it is set before any thread is started.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1'

const PACKAGE = 'onnxruntime-node'
export const ONNX_RUNTIME_INSTALL = installLine(PACKAGE)
const NOTE = 'It makes releases and runs models that are not trees; released trees run without it.'

/** @throws PrescoreError `package_missing`; `not_supported` where it has nothing for this machine */
export async function onnxRuntime(): Promise<typeof import('onnxruntime-node')> {
  try {
    return await optionalPackage(PACKAGE, 'ONNX Runtime', () => import('onnxruntime-node'), NOTE)
  } catch (cause) {
    if (cause instanceof PrescoreError) throw cause
    throw new PrescoreError('not_supported', {
      where: PACKAGE,
      found: messageOf(cause),
      expected: `a library for ${process.platform}-${process.arch}`,
      fix: `Install it anew with \`${ONNX_RUNTIME_INSTALL}\`. Only released trees run without it.`,
      cause,
    })
  }
}

/** Whether {@link onnxRuntime} would find the package; it is not loaded. */
export function hasOnnxRuntime(): boolean {
  try {
    import.meta.resolve(PACKAGE)
    return true
  } catch {
    return false
  }
}

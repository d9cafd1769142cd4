/** How fast a model is, measured when it is opened: it decides where it runs and how many rows a call takes. */
import { arrayOf, type Matrix, type ModelRunner } from '../runtime.ts'

export interface Pace {
  /** Time of a call of one row. */
  readonly callMs: number
  /** Rows of a call beyond which a row gets no cheaper, or the call too long. */
  readonly rowsMax: number
  /** Time of such a call. */
  readonly fullCallMs: number
}

/** A call that takes longer than this in the thread that serves requests would be felt by all of them. */
export const INLINE_CALL_MS_MAX = 1
/** Nobody in a batch should wait much longer than alone: a call may take this many times the time of a single row … */
const STRETCH_MAX = 8
/** … but a call of up to this length does no harm. */
const HARMLESS_CALL_MS = 2
const SIZES = [2, 4, 8, 16, 32, 64, 128, 256] as const
const WARM_UP_MS = 30
const TRIES = 5
const TRIES_MS_MAX = 50
/** A size must make a row this much cheaper to be worth it. */
const WORTH = 0.95

/** Calls with zeros, for a tenth of a second or so: tries of a slow model are few. @throws PrescoreError `model_failed` */
export async function measurePace(runner: ModelRunner, features: number): Promise<Pace> {
  await warmUp(runner, features)
  const callMs = await callTime(runner, features, 1)
  let best = { rowsMax: 1, fullCallMs: callMs }
  for (const rows of SIZES) {
    const ms = await callTime(runner, features, rows)
    if (ms > Math.max(HARMLESS_CALL_MS, callMs * STRETCH_MAX)) break
    if (ms / rows < (best.fullCallMs / best.rowsMax) * WORTH) best = { rowsMax: rows, fullCallMs: ms }
  }
  return { callMs, ...best }
}

/** What runs in JavaScript is compiled only after it ran for a while: until then it is many times slower. */
async function warmUp(runner: ModelRunner, features: number): Promise<void> {
  const matrix = arrayOf(runner.inputType, features)
  const untilMs = performance.now() + WARM_UP_MS
  while (performance.now() < untilMs) await call(runner, matrix, 1)
}

async function call(runner: ModelRunner, matrix: Matrix, rows: number): Promise<void> {
  if (runner.runNow === undefined) await runner.run(matrix, rows)
  else runner.runNow(matrix, rows)
}

/** The shortest of some tries: the longer ones were disturbed. */
async function callTime(runner: ModelRunner, features: number, rows: number): Promise<number> {
  const matrix = arrayOf(runner.inputType, rows * features)
  let shortestMs = Number.POSITIVE_INFINITY
  const untilMs = performance.now() + TRIES_MS_MAX
  for (let i = 0; i === 0 || (i < TRIES && performance.now() < untilMs); i++) {
    const startedMs = performance.now()
    await call(runner, matrix, rows)
    shortestMs = Math.min(shortestMs, performance.now() - startedMs)
  }
  return shortestMs
}

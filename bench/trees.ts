/**
 * The tree runtime against raw ONNX Runtime (one thread) with the same rows, and what batching what piles up gains.
 * Tries are some milliseconds, and a turn is the shortest of several: so it stands what else the machine does.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { openModel, serveModel } from '../packages/prescore/src/models/index.ts'
import type { ModelDefinition } from '../packages/prescore/src/project/index.ts'
import { inTurns, type Measured, suite } from './harness.ts'

/** The onnxruntime-node that the package itself uses. */
const ort = createRequire(new URL('../packages/prescore/package.json', import.meta.url))(
  'onnxruntime-node',
) as typeof import('onnxruntime-node')

const MODELS = join(import.meta.dirname, '../examples/flights/models')
const FILE = join(MODELS, 'late.onnx')
const OUTPUT = 'probabilities'
const INDEX = 1
const TURNS = 15
const TRIES = 9
const ROWS = 4_096

interface Recorded {
  readonly features: readonly string[]
  readonly rows: readonly (readonly (number | null)[])[]
}

suite({
  name: 'trees',
  about: `the flights model; limit: raw ONNX Runtime with one thread; ${TURNS} turns`,
  async *run(say) {
    const { features, rows } = JSON.parse(readFileSync(join(MODELS, 'late.expected.json'), 'utf8')) as Recorded
    const matrix = matrixOf(rows)
    const session = await ort.InferenceSession.create(readFileSync(FILE), { intraOpNumThreads: 1, interOpNumThreads: 1 })
    const raw = async (part: Float32Array, count: number) => {
      const tensor = new ort.Tensor('float32', part, [count, features.length])
      return (await session.run({ [session.inputNames[0] as string]: tensor }, [OUTPUT]))[OUTPUT]?.data as Float32Array
    }
    say('the tree runtime')
    yield* byCallSize(features, matrix, raw)
    say('32 requests at once')
    yield* servedTogether(features, matrix, raw)
    await session.release()
  },
})

type Raw = (part: Float32Array, count: number) => Promise<Float32Array>

const definition = (runtime: ModelDefinition['runtime']): ModelDefinition => ({ runtime, file: FILE, output: OUTPUT, index: INDEX })

async function* byCallSize(features: readonly string[], matrix: Float32Array, raw: Raw): AsyncGenerator<Measured> {
  const trees = await openModel(FILE, definition('trees'), features)
  for (const { rows, calls, goal } of [
    { rows: 1, calls: 256, goal: 0.25 },
    { rows: 32, calls: 16, goal: 0.5 },
    { rows: ROWS, calls: 1, goal: 1 },
  ]) {
    const parts = partsOf(matrix, features.length, rows, calls)
    const turns = await inTurns(
      TURNS,
      () => perRow(rows * calls, () => Promise.resolve(parts.forEach(part => trees.runNow?.(part, rows)))),
      () =>
        perRow(rows * calls, async () => {
          for (const part of parts) await raw(part, rows)
        }),
    )
    yield { figure: `a row, ${rows.toLocaleString('en')} in a call`, unit: 'µs', ...turns, goal, better: 'lower' }
  }
  await trees.close()
}

/** As many requests as come from 32 connections: the limit scores each with a call of its own. */
async function* servedTogether(features: readonly string[], matrix: Float32Array, raw: Raw): AsyncGenerator<Measured> {
  const together = 32
  const parts = partsOf(matrix, features.length, 1, together * 8)
  const alone = () =>
    perRow(parts.length, async () => {
      for (const part of parts) await raw(part, 1)
    })
  for (const [runtime, name] of [
    ['onnx', 'ONNX Runtime, batched'],
    ['trees', 'the tree runtime'],
  ] as const) {
    const model = await serveModel(FILE, definition(runtime), features, { workers: 0 })
    const served = () =>
      perRow(parts.length, async () => {
        for (let from = 0; from < parts.length; from += together) {
          await Promise.all(parts.slice(from, from + together).map(part => model.score(part)))
        }
      })
    const turns = await inTurns(TURNS, served, alone)
    yield { figure: `a request, ${together} at once: ${name}`, unit: 'µs', ...turns, goal: 0.5, better: 'lower' }
    await model.close()
  }
}

/** The shortest of some tries: whatever else the machine does only lengthens them. */
async function perRow(rows: number, work: () => Promise<void>): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY
  for (let i = 0; i < TRIES; i++) {
    const startedMs = performance.now()
    await work()
    shortestMs = Math.min(shortestMs, performance.now() - startedMs)
  }
  return (shortestMs * 1000) / rows
}

/** The recorded rows, over and over. */
function matrixOf(rows: readonly (readonly (number | null)[])[]): Float32Array {
  return Float32Array.from(
    Array.from({ length: ROWS }, (_, i) => rows[(i * 7) % rows.length] as readonly (number | null)[]).flat(),
    value => value ?? Number.NaN,
  )
}

function partsOf(matrix: Float32Array, features: number, rows: number, count: number): Float32Array[] {
  const length = rows * features
  return Array.from({ length: count }, (_, i) => matrix.slice((i * length) % matrix.length, ((i * length) % matrix.length) + length))
}

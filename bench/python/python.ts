/** A Python environment of the bench's own, and the reference in it. Without Python the figures that need it are left out. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const FOLDER = join(import.meta.dirname, '../../.scratch/bench-python')
const PYTHON = join(FOLDER, 'bin/python')
const SCRIPT = join(import.meta.dirname, 'reference.py')
const PACKAGES = ['numpy', 'polars==2.1.0', 'onnx', 'onnxruntime==1.32.0', 'pyarrow']

/** Makes the environment the first time. @returns why there is none */
export function preparePython(): string | undefined {
  if (existsSync(join(FOLDER, 'ready'))) return undefined
  mkdirSync(join(FOLDER, '..'), { recursive: true })
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', FOLDER],
    [PYTHON, '-m', 'pip', 'install', '--quiet', ...PACKAGES],
    [PYTHON, '-c', `import onnx, onnxruntime, polars, pyarrow; open(${JSON.stringify(join(FOLDER, 'ready'))}, 'w')`],
  ] as const) {
    const { status, stderr, error } = spawnSync(command as string, args, { encoding: 'utf8' })
    if (status !== 0) return (error?.message ?? stderr.trim().split('\n').at(-1)) || `${command} failed`
  }
  return undefined
}

/** Runs the reference to its end. */
export function reference(...args: readonly string[]): void {
  const { status, stderr } = spawnSync(PYTHON, [SCRIPT, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}

/** A reference that stays, warm, and does its work when it is asked to. */
export class Reference {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>

  constructor(threads: number, ...args: readonly string[]) {
    this.#child = spawn(PYTHON, [SCRIPT, ...args], { env: { ...process.env, POLARS_MAX_THREADS: String(threads) } })
    this.#child.stderr.pipe(process.stderr)
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  /** @returns the seconds that it took. */
  async seconds(): Promise<number> {
    this.#child.stdin.write('once\n')
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('The reference has ended.')
    return Number(String(value).split(' ')[0])
  }

  close(): void {
    this.#child.stdin.end()
  }
}

/** Where calls of a model run: each lane takes one call at a time. */
import { type ErrorCode, PrescoreError } from '../../base/index.ts'
import type { Matrix, ModelRunner } from '../runtime.ts'

export interface Lanes {
  readonly place: 'inline' | 'workers'
  /** Lanes that could take a call now. */
  readonly free: number
  /** Process ids of the workers that are ready. */
  readonly workers: readonly number[]
  readonly replaced: number
  /**
   * Waits for a lane where none is free.
   * @throws PrescoreError what the model throws; `deadline_exceeded` when the call took so long that its worker was ended; `model_failed` when the worker died
   */
  run(matrix: Matrix, rows: number): Promise<Matrix>
  /** Told when a lane became free by itself: a worker got ready. */
  onFree: () => void
  /** Told when there is no lane and none is to be had for now. */
  onBroken: (error: unknown) => void
  close(): Promise<void>
}

class LaneLost extends Error {}

/** The call was lost with its lane, and not for what one of its rows holds: to try again would lose another. */
export function laneLost(code: ErrorCode, where: string, found: string): PrescoreError {
  return new PrescoreError(code, { where, found, cause: new LaneLost(found) })
}

export function isLaneLost(error: unknown): boolean {
  return error instanceof PrescoreError && error.cause instanceof LaneLost
}

/** The one lane of this thread. */
export class InlineLane implements Lanes {
  readonly place = 'inline'
  readonly workers: readonly number[] = []
  readonly replaced = 0
  onFree = () => {}
  onBroken = () => {}
  readonly #runner: ModelRunner
  #running = false

  constructor(runner: ModelRunner) {
    this.#runner = runner
  }

  get free(): number {
    return this.#running ? 0 : 1
  }

  async run(matrix: Matrix, rows: number): Promise<Matrix> {
    this.#running = true
    try {
      return await this.#runner.run(matrix, rows)
    } finally {
      this.#running = false
    }
  }

  close(): Promise<void> {
    return this.#runner.close()
  }
}

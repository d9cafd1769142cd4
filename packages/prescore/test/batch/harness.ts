/** Opens a shop as the command line would, runs its batch, and reads what was stored. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { App, type AppOptions } from '../../src/app.ts'
import { type ErrorCode, PrescoreError } from '../../src/base/index.ts'
import { type RunOutcome, runBatch } from '../../src/batch/index.ts'
import { encodeKey, type Key } from '../../src/project/index.ts'
import type { StoredRun } from '../../src/stores/index.ts'
import { AS_OF_US } from './shop.ts'

type RunRequest = Parameters<typeof runBatch>[1]

export interface OpenShop {
  readonly app: App
  readonly folder: string
  /** Runs the prediction `spend` as of the shop's moment, unless told otherwise. */
  run(request?: Partial<RunRequest>): Promise<RunOutcome>
  /** The text that is stored for a key under a run; undefined: there is none. */
  stored(run: string, key: Key): string | undefined
}

/** Uses the shop, and closes it whatever happens. */
export async function inShop<T>(folder: string, use: (shop: OpenShop) => Promise<T>, options: Partial<AppOptions> = {}): Promise<T> {
  const app = await App.open({ project: folder, threads: 1, ...options })
  try {
    return await use({
      app,
      folder,
      run: async request =>
        runBatch(await app.place(), { prediction: 'spend', asOfUs: AS_OF_US, threads: app.threads, publish: 'gated', ...request }),
      stored: (run, key) => storedText(app, run, key),
    })
  } finally {
    await app.close()
  }
}

function storedText(app: App, run: string, key: Key): string | undefined {
  return withStored(app, run, stored => stored.get(encodeKey(app.prediction('spend').entity ?? {}, key))?.toString())
}

/** How many answers a run has. */
export function storedCount(app: App, run: string): number {
  return withStored(app, run, stored => stored.count())
}

function withStored<T>(app: App, run: string, use: (stored: StoredRun) => T): T {
  const stored = app.store().predictions.open(run)
  assert.ok(stored !== undefined, `no answers of ${run}`)
  try {
    return use(stored)
  } finally {
    stored.close()
  }
}

/** Every stored answer is the expected one, and there are no others. */
export function assertAnswers({ app }: OpenShop, run: string, expected: ReadonlyMap<string, number>): void {
  const { entity = {} } = app.prediction('spend')
  withStored(app, run, stored => {
    for (const [customer, value] of expected) assert.equal(stored.get(encodeKey(entity, { customer }))?.toString(), String(value), customer)
    assert.equal(stored.count(), expected.size)
  })
}

/** The DONE of a shard. */
export function doneFile({ app }: OpenShop, run: string, stage: 'features' | 'score', shard: number): string {
  return join(app.runs, run, stage, String(shard), 'DONE')
}

/** For assert.rejects: a PrescoreError of this code, that says this. */
export function refused(code: ErrorCode, words = /./): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof PrescoreError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(`${error.message} ${error.fix}`, words)
    return true
  }
}

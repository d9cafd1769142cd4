/**
 * Opens the environment of a gate, also at the moment at which another process closes it.
 *
 * Who closes an environment last destroys its locks. Who begins to open it just then takes them for those of a living one, and
 * finds them unusable at the first transaction. Nothing lies in a gate, so that nothing is lost when it is closed and opened again;
 * after pauses of chance length, since several who hold broken locks open keep each other from making them anew.
 */
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb'
import { PrescoreError } from '../base/index.ts'
import { lmdb } from './library.ts'

/** Each fails only if another process closes at that very moment: some seconds of that are no chance. */
const TRIES = 500
const PAUSE_MS_MAX = 10
/** With batching by event turn, lmdb would make a promise of its own for each batch that nobody handles. */
const OPTIONS = { noSubdir: false, overlappingSync: false, eventTurnBatching: false }

/** What `openAsClass` gives, unlike its types: the environment is open, and `null` names its root. */
type Root = new (name: null, options: RootDatabaseOptionsWithPath & { readonly isRoot: true }) => RootDatabase

/** @throws PrescoreError `store_unreadable`, and what lmdb throws */
export function openGate(path: string): RootDatabase {
  for (let tried = 0; tried < TRIES; tried++) {
    const Root = lmdb().openAsClass({ path, ...OPTIONS }) as unknown as Root
    const environment: RootDatabase = Object.create(Root.prototype, { isRoot: { value: true } })
    if (hasLocks(environment)) return new Root(null, { path, isRoot: true, ...OPTIONS })
    // Else the next try would meet it again.
    void environment.close()
    pause(Math.random() * PAUSE_MS_MAX)
  }
  const found = `a lock that other processes gave up, ${TRIES} times on end`
  throw new PrescoreError('store_unreadable', { where: path, found, fix: 'Run it again.' })
}

/** lmdb keeps silent about a transaction that could not begin, but that it has no number. */
function hasLocks(environment: RootDatabase): boolean {
  let number = 0
  environment.transactionSync(() => {
    number = environment.getWriteTxnId()
    return lmdb().ABORT
  })
  return number > 0
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

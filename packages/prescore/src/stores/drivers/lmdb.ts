/** The embedded store: one LMDB environment in a folder. */
import type { StoreDriver } from '../types.ts'
import { LmdbEnvironment } from './lmdb-environment.ts'
import { LmdbPredictions } from './lmdb-predictions.ts'
import { LmdbRecords } from './lmdb-records.ts'

/**
 * Opens the store in a folder, made when it is not there. Any number of processes may; in one process, one thread.
 * @throws PrescoreError `store_unreadable`, `store_format`
 */
export function lmdbDriver(folder: string): StoreDriver {
  const environment = LmdbEnvironment.open(folder)
  let closing: Promise<void> | undefined
  return {
    predictions: new LmdbPredictions(environment),
    records: new LmdbRecords(environment),
    close: () => (closing ??= environment.close()),
  }
}

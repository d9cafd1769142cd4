/** A store as the rest of the house uses it: stored answers and the catalog, over one driver. */
import { type Clock, systemClock } from '../base/index.ts'
import { Catalog } from './catalog.ts'
import { lmdbDriver } from './drivers/lmdb.ts'
import { memoryDriver } from './drivers/memory.ts'
import { Overrides } from './overrides.ts'
import type { PredictionStore, StoreDriver } from './types.ts'

export interface Store {
  readonly predictions: PredictionStore
  readonly catalog: Catalog
  readonly overrides: Overrides
  /** Lets go of the place. May be called twice; nothing of the store may be used after. */
  close(): Promise<void>
}

export interface StoreOptions {
  /** Dates what the catalog records. */
  readonly clock?: Clock
}

/**
 * Opens the embedded store in a folder, made when it is not there. Any number of processes may use it at once.
 * @throws PrescoreError `store_unreadable`, `store_format`
 */
export function openStore(folder: string, options: StoreOptions = {}): Store {
  return storeOf(lmdbDriver(folder), options)
}

/** A store that lives as long as the value returned. */
export function memoryStore(options: StoreOptions = {}): Store {
  return storeOf(memoryDriver(), options)
}

function storeOf(driver: StoreDriver, { clock = systemClock }: StoreOptions): Store {
  return {
    predictions: driver.predictions,
    catalog: new Catalog(driver.records, clock),
    overrides: new Overrides(driver.records, clock),
    close: () => driver.close(),
  }
}

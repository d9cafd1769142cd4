/** The thread that stores what is much, as its owner sees it. */
import { PrescoreError, TaskThread } from '../base/index.ts'

/** Which folder it stores to, and for whom. */
export interface StorePlace {
  readonly folder: string
  readonly owner: Uint8Array
}

/** One commit. */
export interface StoreOrder {
  /** From `Puts`; they are handed over. */
  readonly parts: readonly Uint8Array<ArrayBuffer>[]
}

export class StoreThread {
  readonly #thread: TaskThread<StoreOrder, never, void>

  /** Starts it: it opens the folder with the first commit. */
  constructor(place: StorePlace) {
    this.#thread = new TaskThread({
      url: new URL('./store-worker.ts', import.meta.url),
      workerData: place,
      transfer: ({ parts }) => parts.map(({ buffer }) => buffer),
      placeOf: () => place.folder,
      died: (where, found) => new PrescoreError('store_unreadable', { where, found }),
    })
  }

  /** One at a time; all or nothing. @throws PrescoreError `store_unreadable` */
  commit(parts: StoreOrder['parts']): Promise<void> {
    return this.#thread.perform({ parts })
  }

  stop(): Promise<void> {
    return this.#thread.stop()
  }
}

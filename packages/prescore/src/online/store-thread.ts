/** The thread that stores what is much, as its owner sees it. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { PrescoreError, TaskThread } from '../base/index.ts'
import type { Part } from './puts.ts'

/** Which folder it stores to, and for whom. */
export interface StorePlace {
  readonly folder: string
  readonly owner: Uint8Array
}

/** One commit: its thread puts what comes, while more is put together. */
export interface StoreOrder {
  /** All that may be put to. */
  readonly tables: readonly string[]
  readonly port: MessagePort
  /** How many messages have been sent by the port: what the thread waits on. */
  readonly sent: Int32Array
}

/** Parts are handed over. */
export type StoreMessage = readonly Part[] | typeof END | typeof ABORT
export const END = 'end'
export const ABORT = 'abort'

/** What is to be stored, all of it or nothing. */
export interface Commit {
  add(parts: readonly Part[]): void
  /** Nothing more comes. Waits for the disk. @throws PrescoreError `store_unreadable` */
  end(): Promise<void>
  /** Nothing of it is stored. */
  abort(): Promise<void>
}

export class StoreThread {
  readonly #thread: TaskThread<StoreOrder, never, void>

  /** Starts it: it opens the folder with the first commit. */
  constructor(place: StorePlace) {
    this.#thread = new TaskThread({
      url: new URL('./store-worker.ts', import.meta.url),
      workerData: place,
      transfer: ({ port }) => [port],
      placeOf: () => place.folder,
      died: (where, found) => new PrescoreError('store_unreadable', { where, found }),
    })
  }

  /** One at a time. Nobody else writes to the folder, nor opens it, until it has ended. */
  begin(tables: readonly string[]): Commit {
    const { port1, port2 } = new MessageChannel()
    const sent = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const send = (message: StoreMessage, taken: readonly ArrayBuffer[] = []) => {
      port1.postMessage(message, taken)
      Atomics.add(sent, 0, 1)
      Atomics.notify(sent, 0)
    }
    const stored = this.#thread.perform({ tables, port: port2, sent }).finally(() => port1.close())
    // Whoever ends it is told.
    stored.catch(noted)
    return {
      add: parts => {
        if (parts.length > 0)
          send(
            parts,
            parts.map(({ buffer }) => buffer),
          )
      },
      end: () => {
        send(END)
        return stored
      },
      abort: () => {
        send(ABORT)
        return stored.catch(noted)
      },
    }
  }

  stop(): Promise<void> {
    return this.#thread.stop()
  }
}

function noted(): void {}

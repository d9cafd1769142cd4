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
  /** By {@link SIGNAL}. */
  readonly signals: Int32Array
}

/** How often the thread was woken; whether all is given up; whether it is done, which the process waits for before it exits. */
export const SIGNAL = { woken: 0, givenUp: 1, left: 2 } as const

/** Parts are handed over. */
export type StoreMessage = readonly Part[] | typeof END
export const END = 'end'

/** What is to be stored, all of it or nothing. */
export interface Commit {
  add(parts: readonly Part[]): void
  /** Nothing more comes. Waits for the disk. @throws PrescoreError `store_unreadable` */
  end(): Promise<void>
  /** Nothing of it is stored. */
  abort(): Promise<void>
}

/** A thread that is ended within a transaction of lmdb never ends, nor does its process: it is waited for, but not for ever. */
const LEFT_MS = 10_000

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
    return new ThreadCommit(tables, order => this.#thread.perform(order))
  }

  stop(): Promise<void> {
    return this.#thread.stop()
  }
}

class ThreadCommit implements Commit {
  readonly #port: MessagePort
  readonly #signals = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
  readonly #stored: Promise<void>

  constructor(tables: readonly string[], perform: (order: StoreOrder) => Promise<void>) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    process.once('exit', this.#leave)
    this.#stored = perform({ tables, port: port2, signals: this.#signals }).finally(() => {
      process.off('exit', this.#leave)
      port1.close()
    })
    // Whoever ends it is told.
    this.#stored.catch(noted)
  }

  add(parts: readonly Part[]): void {
    if (parts.length === 0) return
    const taken = parts.map(({ buffer }) => buffer)
    this.#send(parts, taken)
  }

  end(): Promise<void> {
    this.#send(END, [])
    return this.#stored
  }

  abort(): Promise<void> {
    this.#giveUp()
    return this.#stored.catch(noted)
  }

  readonly #leave = (): void => {
    this.#giveUp()
    Atomics.wait(this.#signals, SIGNAL.left, 0, LEFT_MS)
  }

  #send(message: StoreMessage, taken: readonly ArrayBuffer[]): void {
    this.#port.postMessage(message, taken)
    this.#wake()
  }

  #giveUp(): void {
    Atomics.store(this.#signals, SIGNAL.givenUp, 1)
    this.#wake()
  }

  #wake(): void {
    Atomics.add(this.#signals, SIGNAL.woken, 1)
    Atomics.notify(this.#signals, SIGNAL.woken)
  }
}

function noted(): void {}

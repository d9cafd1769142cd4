/**
 * A lock between processes, given up by the kernel when its holder dies: the writer's lock of an LMDB environment that holds
 * nothing.
 *
 * LMDB itself lets a process open an environment while another writes to it, and loses a commit so: `mdb_env_open2` reads the
 * newest meta page, and sets the shared number of the last transaction to what it read, without the writer's lock. When a commit
 * ends in between, the next writer starts from before that commit, and writes over it. So who opens an environment and who
 * writes to it do so behind a gate, one at a time. (Opening a gate in the same way takes nothing back: nothing is committed to it.)
 */
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { openGate } from './gate-opening.ts'
import { realFolder } from './real-folder.ts'

export class Gate {
  readonly #root: RootDatabase
  /** Settles when those of this thread who came before have left. */
  #left: Promise<unknown> = Promise.resolve()
  /** One of {@link passAsync} is behind the gate. */
  #isHeld = false

  /**
   * @param folder of the environment that it guards
   * @throws PrescoreError `store_unreadable`, and what lmdb throws
   */
  constructor(folder: string) {
    this.#root = openGate(realFolder(join(folder, 'gate')))
  }

  /** Runs the action with nobody else behind the gate. Blocks until it is free: for as long as a commit of another process takes. */
  pass<T>(action: () => T): T {
    return this.#isHeld ? action() : this.#root.transactionSync(action)
  }

  /** Like {@link pass}, for an action that waits. Meanwhile {@link pass} of this thread lets through: lmdb knows its own threads. */
  passAsync<T>(action: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const behind = async () => {
        this.#isHeld = true
        try {
          resolve(await action())
        } catch (error) {
          reject(error)
        } finally {
          this.#isHeld = false
        }
      }
      this.#left = this.#left.then(() => this.#root.transaction(behind)).catch(reject)
    })
  }

  async close(): Promise<void> {
    await this.#left
    await this.#root.close()
  }
}

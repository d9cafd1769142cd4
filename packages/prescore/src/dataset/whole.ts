/** The file of a training set: blocks are finished in any order, and follow each other in theirs. */
import { rm } from 'node:fs/promises'
import { GroupedFile } from '../parquet/index.ts'
import type { BlockDone } from './block.ts'

type Block = Pick<BlockDone, 'columns' | 'group'>

export class Whole {
  readonly #path: string
  readonly #waiting = new Map<number, Block & { readonly path: string }>()
  #next = 0
  #file: GroupedFile | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Blocks are counted from 0. What goes wrong with one is told by {@link finish}. @param path of its bytes, which are removed once they are copied */
  put(number: number, path: string, { columns, group }: Block): void {
    this.#waiting.set(number, { path, columns, group })
    for (let block = this.#waiting.get(this.#next); block !== undefined; block = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next++)
      const appended = block
      this.#writing = this.#writing.then(() => this.#append(appended))
      this.#writing.catch(() => {})
    }
  }

  /** Once all blocks are there. @throws PrescoreError `file_unwritable` */
  async finish(metadata: Readonly<Record<string, string>>): Promise<void> {
    await this.#writing
    await this.#file?.finish(metadata)
  }

  async close(): Promise<void> {
    await this.#writing.catch(() => {})
    await this.#file?.close()
  }

  async #append({ path, columns, group }: Block & { readonly path: string }): Promise<void> {
    this.#file ??= await GroupedFile.create(this.#path, columns)
    await this.#file.append(path, group)
    await rm(path)
  }
}

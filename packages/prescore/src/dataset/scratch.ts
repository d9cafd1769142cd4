/** Where a training set lies while it is made: a folder beside its file, which is there whole or not at all. */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { settle, writable } from '../parquet/index.ts'

const ENDING = /^\.(\d+)-[0-9a-f-]{36}\.tmp$/

export class Scratch {
  readonly #file: string
  readonly #folder: string

  /** @throws PrescoreError `file_unwritable` */
  static async beside(file: string): Promise<Scratch> {
    await removeAbandoned(file)
    const scratch = new Scratch(file, `${file}.${process.pid}-${randomUUID()}.tmp`)
    await writable(file, () => mkdir(scratch.#folder).then(() => {}))
    return scratch
  }

  private constructor(file: string, folder: string) {
    this.#file = file
    this.#folder = folder
    process.once('exit', this.#removeNow)
  }

  path(name: string): string {
    return join(this.#folder, name)
  }

  /** Makes one of its files the file. @throws PrescoreError `file_unwritable` */
  publish(name: string): Promise<void> {
    return writable(this.#file, () => settle(this.path(name), this.#file))
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
    process.off('exit', this.#removeNow)
  }

  /** A process that is cut off while it tidies up leaves nothing either. */
  readonly #removeNow = (): void => rmSync(this.#folder, { recursive: true, force: true })
}

/** What processes left that were killed. */
async function removeAbandoned(file: string): Promise<void> {
  const name = basename(file)
  for (const each of await readdir(dirname(file)).catch(() => [])) {
    const owner = each.startsWith(name) ? ENDING.exec(each.slice(name.length))?.[1] : undefined
    if (owner !== undefined && !isAlive(Number(owner))) await rm(join(dirname(file), each), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/**
 * Who runs the schedules of a folder: one process at a time; others wait to take over.
 *
 * A holder has the greatest of the numbered files. It is taken by linking a finished file to the next number, if that is absent, so
 * that of several one gets it; a holder that finds a greater number than its own has lost it. A holder is gone when it said so, when
 * its process is (on this machine), or when its file was not renewed for a minute, as seen by the one that waits: no clock of two
 * machines is compared.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { link, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { makeFolder, unwritable, writeWhole } from '../base/index.ts'

const RENEWED_MS = 10_000
const EXPIRES_MS = 60_000
/** How often a holder is looked at by those that wait. */
const LOOK_MS = 1_000

export interface Holder {
  readonly pid: number
  readonly host: string
  readonly sinceUs: number
}

/** As it stands in its file. */
interface Held extends Holder {
  /** What tells this machine's process numbers apart from those of others; null where that is not known. */
  readonly machine: string | null
  /** When the process was started, in the machine's own words: numbers of processes are used again. */
  readonly started: string | null
  readonly isReleased: boolean
}

/** A holder that was looked at. */
interface Seen {
  readonly number: number
  readonly renewedMs: number
  /** By `performance.now()`: since when it is not renewed, and when that was looked at. */
  readonly sinceMs: number
  readonly lookedMs: number
  readonly holder: Holder
}

export class Lease {
  readonly #folder: string
  readonly #self: Held
  /** Of the file that is ours; undefined: none is. */
  #number: number | undefined
  #renewedMs = 0
  #seen: Seen | undefined

  constructor(folder: string) {
    this.#folder = folder
    const { pid } = process
    this.#self = { pid, host: hostname(), sinceUs: 0, machine: thisMachine(), started: startOf(pid), isReleased: false }
  }

  /**
   * Takes it, or keeps it; to be called every few seconds at least.
   * @returns who has it; undefined: this process. @throws PrescoreError `file_unwritable`
   */
  async hold(): Promise<Holder | undefined> {
    try {
      for (;;) {
        const number = await this.#greatest()
        if (number !== 0 && number === this.#number) return await this.#renew(number)
        this.#number = undefined
        const holder = number === 0 ? undefined : await this.#holder(number)
        if (holder !== undefined) return holder
        await this.#take(number + 1)
      }
    } catch (error) {
      throw unwritable(this.#folder, error)
    }
  }

  /** For a process that has nothing else to do: one that may not write the folder would wait for ever. @throws PrescoreError `file_unwritable` */
  async requireWritable(): Promise<void> {
    try {
      await makeFolder(this.#folder)
      const temporary = join(this.#folder, `${randomUUID()}.tmp`)
      await writeFile(temporary, '')
      await rm(temporary)
    } catch (error) {
      throw unwritable(this.#folder, error)
    }
  }

  /** Whether it is still ours: nothing is taken. */
  async isHeld(): Promise<boolean> {
    return this.#number !== undefined && this.#number === (await this.#greatest())
  }

  /** Leaves it to others at once. Where that cannot be written, they see that this process is gone. */
  async release(): Promise<void> {
    if (!(await this.isHeld())) return
    const file = this.#file(this.#number as number)
    this.#number = undefined
    await writeWhole(file, JSON.stringify({ ...this.#self, isReleased: true })).catch(() => undefined)
  }

  async #greatest(): Promise<number> {
    const names = await readdir(this.#folder).catch(() => [])
    return Math.max(0, ...names.filter(name => /^\d+\.json$/.test(name)).map(name => Number.parseInt(name, 10)))
  }

  async #renew(number: number): Promise<undefined> {
    if (performance.now() - this.#renewedMs < RENEWED_MS) return
    this.#renewedMs = performance.now()
    const now = new Date()
    await utimes(this.#file(number), now, now)
  }

  /** Undefined: it is gone. */
  async #holder(number: number): Promise<Holder | undefined> {
    const nowMs = performance.now()
    const before = this.#seen?.number === number ? this.#seen : undefined
    if (before !== undefined && nowMs - before.lookedMs < LOOK_MS) return before.holder
    const file = this.#file(number)
    const held = heldFrom(await readFile(file, 'utf8').catch(() => ''))
    const renewedMs = (await stat(file).catch(() => undefined))?.mtimeMs ?? 0
    if (held?.isReleased === true || (held !== undefined && this.#hasEnded(held))) return undefined
    const sinceMs = before !== undefined && before.renewedMs === renewedMs ? before.sinceMs : nowMs
    if (nowMs - sinceMs > EXPIRES_MS) return undefined
    const { pid, host, sinceUs } = held ?? { pid: 0, host: 'unknown', sinceUs: renewedMs * 1000 }
    this.#seen = { number, renewedMs, sinceMs, lookedMs: nowMs, holder: { pid, host, sinceUs } }
    return this.#seen.holder
  }

  /** Known of processes of this machine only. */
  #hasEnded({ pid, host, machine, started }: Held): boolean {
    if (machine !== null) return machine === this.#self.machine && startOf(pid) !== started
    return this.#self.machine === null && host === this.#self.host && !isRunning(pid)
  }

  async #take(number: number): Promise<void> {
    await makeFolder(this.#folder)
    const temporary = join(this.#folder, `${randomUUID()}.tmp`)
    try {
      await writeFile(temporary, JSON.stringify({ ...this.#self, sinceUs: Date.now() * 1000 }))
      await link(temporary, this.#file(number))
      this.#number = number
      this.#renewedMs = performance.now()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    } finally {
      await rm(temporary, { force: true })
    }
    // Nobody asks for what came before.
    if (this.#number === number) await rm(this.#file(number - 1), { force: true })
  }

  #file(number: number): string {
    return join(this.#folder, `${number}.json`)
  }
}

/** Undefined: it is being written by a file system that does not know better, or is damaged. */
function heldFrom(text: string): Held | undefined {
  try {
    return JSON.parse(text) as Held
  } catch {
    return undefined
  }
}

/** This start of the machine, and the numbering of processes in it (containers have their own); null where it does not say so. */
function thisMachine(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return null
  }
}

/** Null: there is no such process, or the machine does not tell. */
function startOf(pid: number): string | null {
  try {
    // The name, in brackets, may hold anything.
    const [, rest = ''] = /.*\)(.*)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return rest.trim().split(' ')[19] ?? null
  } catch {
    return null
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

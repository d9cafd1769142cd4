/**
 * One transaction at a time, shared by all who come while the one before is being written: the cost of waiting for the disk
 * is theirs together.
 */
import type { LogEnvironment } from './environment.ts'
import type { LogWriter } from './writer.ts'

/** Events of one transaction, as soon as it has several callers: other processes wait no longer than these take (some 50 ms). */
const EVENTS_PER_COMMIT = 20_000

interface Waiting {
  readonly events: number
  /** Runs within the transaction; gives what resolves the caller's promise once it is on disk. */
  readonly run: (writer: LogWriter) => () => void
  readonly reject: (error: unknown) => void
}

export class GroupCommit {
  readonly #environment: LogEnvironment
  readonly #makeWriter: () => LogWriter
  #waiting: Waiting[] = []
  #committing: Promise<void> | undefined

  constructor(environment: LogEnvironment, makeWriter: () => LogWriter) {
    this.#environment = environment
    this.#makeWriter = makeWriter
  }

  /** Resolves with what the change gave, when it is on disk. @param events how many the change writes */
  run<T>(events: number, change: (writer: LogWriter) => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run = (writer: LogWriter) => {
        const result = change(writer)
        return () => resolve(result)
      }
      this.#waiting.push({ events, run, reject })
      this.#committing ??= this.#commitAll()
    })
  }

  /** Resolves when nobody waits. */
  async settled(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit()
    this.#committing = undefined
  }

  /** The group is taken when the transaction has begun: until then others may join. */
  async #commit(): Promise<void> {
    let group: Waiting[] | undefined
    try {
      const { resolvers, position, grew } = await this.#environment.transaction(() => {
        group = this.#take()
        return this.#write(group)
      })
      for (const resolve of resolvers) resolve()
      if (grew) for (const listener of this.#environment.listeners) queueMicrotask(() => listener(position))
    } catch (error) {
      for (const { reject } of group ?? this.#take()) reject(error)
    }
  }

  #write(group: readonly Waiting[]): { resolvers: (() => void)[]; position: number; grew: boolean } {
    const writer = this.#makeWriter()
    const before = writer.head.position
    const resolvers = group.map(({ run }) => run(writer))
    writer.finish()
    return { resolvers, position: writer.head.position, grew: writer.head.position > before }
  }

  #take(): Waiting[] {
    let [count, events] = [0, 0]
    while (count < this.#waiting.length && (count === 0 || events < EVENTS_PER_COMMIT)) events += (this.#waiting[count++] as Waiting).events
    return this.#waiting.splice(0, count)
  }
}

/**
 * Workers that do a task together tell each other what they have found. Whoever cannot go on leaves, and the others see it: then each
 * does its own part of the task alone.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** Sent with a task; its ports go along. */
export interface Peers {
  /** Which of them this is. */
  readonly index: number
  /** By peer; none to itself. */
  readonly ports: readonly (MessagePort | undefined)[]
}

/** Of so many workers, what each is sent. */
export function peersOf(workers: number): readonly Peers[] {
  const ports = Array.from({ length: workers }, () => new Array<MessagePort | undefined>(workers).fill(undefined))
  for (let a = 0; a < workers; a++) {
    for (let b = a + 1; b < workers; b++) {
      const { port1, port2 } = new MessageChannel()
      ;(ports[a] as (MessagePort | undefined)[])[b] = port1
      ;(ports[b] as (MessagePort | undefined)[])[a] = port2
    }
  }
  return ports.map((own, index) => ({ index, ports: own }))
}

/** What must be handed over with the peers. */
export function portsOf(peers: Peers | undefined): readonly MessagePort[] {
  return peers?.ports.filter(port => port !== undefined) ?? []
}

export class PeerTalk {
  readonly index: number
  readonly of: number
  readonly #lines: readonly (Line | undefined)[]

  constructor({ index, ports }: Peers) {
    this.index = index
    this.of = ports.length
    this.#lines = ports.map(port => (port === undefined ? undefined : new Line(port)))
  }

  /**
   * Says something to each of the others (plain data, shared memory), and hears what each says in turn.
   * @returns by peer, undefined for this one; or undefined once one of them has left
   */
  async exchange(say: (to: number) => unknown): Promise<readonly unknown[] | undefined> {
    this.#lines.forEach((line, to) => line?.say(say(to)))
    const heard = await Promise.all(this.#lines.map(line => line?.hear()))
    const isWhole = heard.every((each, peer) => each !== undefined || peer === this.index)
    if (!isWhole) this.leave()
    return isWhole ? heard.map(each => each?.message) : undefined
  }

  /** The others go on without this one. What it said before is still heard. */
  leave(): void {
    for (const line of this.#lines) line?.close()
  }
}

interface Heard {
  readonly message: unknown
}

/** One port: messages wait until they are asked for. */
class Line {
  readonly #port: MessagePort
  readonly #waiting: Heard[] = []
  #isClosed = false
  #wake: (() => void) | undefined

  constructor(port: MessagePort) {
    this.#port = port
    port.on('message', (message: unknown) => this.#waken(() => this.#waiting.push({ message })))
    port.on('close', () => this.#waken(() => (this.#isClosed = true)))
  }

  say(message: unknown): void {
    this.#port.postMessage(message)
  }

  /** Undefined: it is closed, and nothing waits. */
  async hear(): Promise<Heard | undefined> {
    while (this.#waiting.length === 0 && !this.#isClosed) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    return this.#waiting.shift()
  }

  close(): void {
    this.#port.close()
  }

  #waken(change: () => void): void {
    change()
    this.#wake?.()
    this.#wake = undefined
  }
}

/** Responses on their way to a socket, put together, so that those of a turn are written in one piece. */
import type { Socket } from 'node:net'
import { writeAtEnd } from './turn.ts'

/** More is written at once. */
const WAITING_CHARS_MAX = 64 * 1024

export class Outbox {
  readonly #socket: Socket
  #text = ''
  #isLast = false

  constructor(socket: Socket) {
    this.#socket = socket
  }

  get isEmpty(): boolean {
    return this.#text === ''
  }

  /** @param text a character a byte. @param isLast the connection ends with it */
  add(text: string, isLast: boolean): void {
    this.#text += text
    if (isLast) this.#isLast = true
    if (this.#text.length > WAITING_CHARS_MAX) this.write()
  }

  /** At the end of the turn of the event loop. */
  writeLater(): void {
    if (this.#text !== '') writeAtEnd(this.write, this.#text.length)
  }

  readonly write = (): void => {
    const text = this.#text
    this.#text = ''
    if (text !== '') this.#socket.write(text, 'latin1')
    if (this.#isLast) this.#socket.destroySoon()
  }
}

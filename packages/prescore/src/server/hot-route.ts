/** What the requests that come most are asked and answered by, before node:http: a request that is plain in all it says. */
import type { PrescoreError } from '../base/index.ts'
import type { Caller } from '../resolve/index.ts'
import type { PlainHead } from './plain-head.ts'

/** Requests of one kind. */
export interface HotRoute {
  /** What answers the request, once it has come whole; undefined: the router does. Nothing of its body is there yet. */
  take(method: string, url: string, head: PlainHead): HotRequest | undefined
}

export interface HotRequest {
  /** Responds; what it throws, also as a rejection, is refused. */
  answer(caller: HotCaller, body: Buffer): void | Promise<void>
  /** Responds with an error. */
  refuse(caller: HotCaller, error: PrescoreError): void
}

/** Who sent one request. */
export interface HotCaller extends Caller {
  /** The request's name, which goes back with the answer. */
  readonly id: string
  /**
   * Answers, once; to one who has left, nothing is sent.
   * @param head from the status line on, each line with its end; what tells of the connection is added
   * @param body a character a byte
   * @param hangsUp the head says that the connection ends with this answer
   */
  respond(head: string, body: string, hangsUp: boolean): void
}

/** By code: whether a character of a name or key means itself, encoded or not. */
const PLAIN = Uint8Array.from({ length: 128 }, (_, code) => (/[\w.~-]/.test(String.fromCharCode(code)) ? 1 : 0))

/** Whether there is something from there on, and all of it plain. */
export function isPlain(text: string, from: number): boolean {
  for (let i = from; i < text.length; i++) if (PLAIN[text.charCodeAt(i)] !== 1) return false
  return from < text.length
}

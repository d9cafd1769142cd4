/** The most frequent request of a protocol, answered before the router: tensors for one subject, in a body that comes whole. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PrescoreError } from '../../base/index.ts'
import type { Caller } from '../../resolve/index.ts'
import { type BodyHeaders, bodyHeaders } from '../hot-headers.ts'
import { type HotRequest, type HotRoute, isPlain } from '../hot-path.ts'
import { LIMITS } from '../limits.ts'
import { after } from './after.ts'
import { type Outgoing, packed, respondError, respondOutgoing } from './exchange.ts'
import type { Subjects } from './subjects.ts'

/** Content types of such bodies; all others go through the router, which knows which it refuses. */
const TYPES: readonly (string | undefined)[] = [undefined, 'application/json', 'application/octet-stream']

/** What a request comes to. */
type Answering = (name: string, body: Buffer, jsonBytes: string | undefined, caller: Caller) => Outgoing | Promise<Outgoing>

export class HotProtocol implements HotRoute {
  readonly #before: string
  readonly #after: string
  readonly #names: ReadonlySet<string>
  readonly #answer: Answering

  /** @param path with `:name` in the place of a subject's name. */
  constructor(path: string, subjects: Subjects, answer: Answering) {
    const [before, after] = path.split(':name') as [string, string]
    this.#before = before
    this.#after = after
    this.#names = new Set(subjects.names().filter(name => isPlain(name, 0)))
    this.#answer = answer
  }

  take({ method, url = '', rawHeaders }: IncomingMessage): HotRequest | undefined {
    if (method !== 'POST' || !url.startsWith(this.#before) || !url.endsWith(this.#after)) return undefined
    const name = url.slice(this.#before.length, url.length - this.#after.length)
    const headers = this.#names.has(name) ? bodyHeaders(rawHeaders) : undefined
    if (headers === undefined || headers.bytes > LIMITS.inferBytes || !TYPES.includes(headers.type)) return undefined
    return new TensorsAsked(name, headers, this.#answer)
  }
}

class TensorsAsked implements HotRequest {
  readonly hasBody = true
  readonly #name: string
  readonly #headers: BodyHeaders
  readonly #answer: Answering

  constructor(name: string, headers: BodyHeaders, answer: Answering) {
    this.#name = name
    this.#headers = headers
    this.#answer = answer
  }

  answer(response: ServerResponse, id: string, body: Buffer): void | Promise<void> {
    const { jsonBytes, accepted } = this.#headers
    const outgoing = this.#answer(this.#name, body, jsonBytes, response)
    const ready = after(outgoing, each => packed(each, accepted))
    return after(ready, each => respondOutgoing(response, each, id))
  }

  refuse(response: ServerResponse, id: string, error: PrescoreError): void {
    respondError(response, error, id)
  }
}

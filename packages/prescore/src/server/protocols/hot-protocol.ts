/** The most frequent request of a protocol, answered before the router: tensors for one subject, in a body that comes whole. */
import type { PrescoreError } from '../../base/index.ts'
import type { Caller } from '../../resolve/index.ts'
import { type HotCaller, type HotRequest, type HotRoute, isPlain } from '../hot-route.ts'
import { LIMITS } from '../limits.ts'
import type { PlainHead } from '../plain-head.ts'
import { after } from './after.ts'
import { type Outgoing, packed, refuseHotly, respondHotly } from './exchange.ts'
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

  take(method: string, url: string, head: PlainHead): HotRequest | undefined {
    if (method !== 'POST' || !url.startsWith(this.#before) || !url.endsWith(this.#after)) return undefined
    const isBody = head.bodyBytes >= 0 && head.bodyBytes <= LIMITS.inferBytes && TYPES.includes(head.type)
    const name = url.slice(this.#before.length, url.length - this.#after.length)
    return isBody && this.#names.has(name) ? new TensorsAsked(name, head, this.#answer) : undefined
  }
}

class TensorsAsked implements HotRequest {
  readonly #name: string
  readonly #head: PlainHead
  readonly #answer: Answering

  constructor(name: string, head: PlainHead, answer: Answering) {
    this.#name = name
    this.#head = head
    this.#answer = answer
  }

  answer(caller: HotCaller, body: Buffer): void | Promise<void> {
    const { jsonBytes, accepted } = this.#head
    const outgoing = this.#answer(this.#name, body, jsonBytes, caller)
    const ready = after(outgoing, each => packed(each, accepted))
    return after(ready, each => respondHotly(caller, each))
  }

  refuse(caller: HotCaller, error: PrescoreError): void {
    refuseHotly(caller, error)
  }
}

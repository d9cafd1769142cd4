/** One call: a time limit over all of it, cancellation, and retries where a second try can do no harm. */
import { ClientError, errorOfAnswer } from './error.ts'
import { parseJson } from './json.ts'
import type { CallOptions } from './types.ts'

export interface ClientOptions {
  /** Of the server, such as 'http://127.0.0.1:8080'. */
  readonly url: string
  /** Of each call with its retries (default: 5,000). */
  readonly timeoutMs?: number
  /** How often a call is tried again, where that is safe (default: 2). */
  readonly retries?: number
  /** Sent with each request: a token, a request id. */
  readonly headers?: Readonly<Record<string, string>>
  /** In the place of the global one. */
  readonly fetch?: typeof fetch
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  readonly contentType?: string
}

type Outcome = { readonly body: unknown } | { readonly error: ClientError; readonly waitMs: number | undefined }

const FIRST_WAIT_MS = 50
/** Answers that say nothing about the request itself. */
const PASSING = [502, 503, 504]

/** A GET changes nothing, so it is tried again after any passing failure; a POST only when the server says that it took nothing, and when to come again. */
export class Transport {
  readonly #base: string
  readonly #options: ClientOptions

  constructor(options: ClientOptions) {
    this.#base = options.url.replace(/\/+$/, '')
    this.#options = options
  }

  /** The body of a successful answer. @throws ClientError; the reason of `signal` once it has fired */
  async call(request: Request, { signal, timeoutMs = this.#options.timeoutMs ?? 5_000 }: CallOptions): Promise<unknown> {
    const limit = AbortSignal.timeout(timeoutMs)
    const ends = signal === undefined ? limit : AbortSignal.any([signal, limit])
    const endMs = Date.now() + timeoutMs
    for (let tries = 0; ; tries++) {
      const outcome = await this.#once(request, tries, ends).catch(error => {
        throw endedBy(error, signal, limit, timeoutMs)
      })
      if ('body' in outcome) return outcome.body
      const { error, waitMs } = outcome
      // No use in waiting for a time that is not left.
      if (waitMs === undefined || tries >= (this.#options.retries ?? 2) || Date.now() + waitMs >= endMs) throw error
      await waited(waitMs, ends).catch(reason => {
        throw endedBy(reason, signal, limit, timeoutMs)
      })
    }
  }

  async #once({ method, path, body, contentType = 'application/json' }: Request, tries: number, signal: AbortSignal): Promise<Outcome> {
    const { fetch: send = fetch, headers } = this.#options
    const backOffMs = FIRST_WAIT_MS * 2 ** tries * (0.5 + Math.random())
    let response: Response
    let text: string
    try {
      const sent = body === undefined ? {} : { body, headers: { ...headers, 'content-type': contentType } }
      response = await send(`${this.#base}${path}`, { method, signal, ...(headers === undefined ? {} : { headers }), ...sent })
      text = await response.text()
    } catch (cause) {
      if (signal.aborted) throw cause
      const error = new ClientError('unreachable', `${this.#base} cannot be reached: ${reasonOf(cause)}.`, { retryable: true, cause })
      return { error, waitMs: method === 'GET' ? backOffMs : undefined }
    }
    const parsed = parsedOf(text)
    if (response.ok && parsed !== undefined) return { body: parsed }
    if (response.ok) {
      return { error: new ClientError('unexpected_answer', 'The answer is not JSON.', { status: response.status }), waitMs: undefined }
    }
    return { error: errorOfAnswer(response.status, parsed), waitMs: waitOf(method, response, backOffMs) }
  }
}

function waitOf(method: Request['method'], { status, headers }: Response, backOffMs: number): number | undefined {
  if (!PASSING.includes(status)) return undefined
  const after = retryAfterMs(headers.get('retry-after'))
  if (status === 503 && after !== undefined) return Math.max(after, 1)
  return method === 'GET' ? backOffMs : undefined
}

/** Seconds, or a date. */
function retryAfterMs(text: string | null): number | undefined {
  if (text === null) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const atMs = Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - Date.now())
}

function parsedOf(text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    return undefined
  }
}

function endedBy(error: unknown, signal: AbortSignal | undefined, limit: AbortSignal, timeoutMs: number): unknown {
  if (signal?.aborted === true) return signal.reason
  return limit.aborted ? new ClientError('timeout', `No answer within ${timeoutMs} ms.`, { retryable: true, cause: error }) : error
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string }
  return cause?.code ?? cause?.message ?? message ?? String(error)
}

function waited(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

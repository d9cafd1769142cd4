/**
 * Requests to a model server: over connections that are kept, within a time, and again where that is safe. Inference changes nothing,
 * so what never reached the server, or what it turned away, may be sent again; what may still be under way is not.
 */
import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { lazily, PrescoreError } from '../../base/index.ts'
import type { RemoteModelDefinition } from '../../project/index.ts'

/** They bring much along, and most programs ask no model server. */
const http = lazily<typeof import('node:http')>('node:http')
const https = lazily<typeof import('node:https')>('node:https')

export interface RemoteAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface RemoteRequest {
  readonly path: string
  /** Absent: GET. */
  readonly body?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Requests at once; more wait for a connection. */
export const CONNECTIONS_MAX = 16
const TRIES_MAX = 3
const FIRST_PAUSE_MS = 20
/** The server says that it did nothing. */
const TURNED_AWAY: ReadonlySet<number> = new Set([429, 502, 503])
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

export class RemoteServer {
  readonly where: string
  readonly #base: URL
  readonly #timeoutMs: number
  readonly #agent: HttpAgent | HttpsAgent

  /** @throws PrescoreError `model_unavailable` where the environment lacks the address */
  constructor({ url, model, timeoutMs }: RemoteModelDefinition) {
    this.#base = addressOf(url, model)
    this.#timeoutMs = timeoutMs
    this.where = `${model} at ${this.#base.origin}`
    const options = { keepAlive: true, maxSockets: CONNECTIONS_MAX }
    this.#agent = this.#base.protocol === 'https:' ? new (https().Agent)(options) : new (http().Agent)(options)
  }

  /** Whatever the server answers but that it cannot now. @throws PrescoreError `model_unavailable`, `deadline_exceeded` */
  async ask(request: RemoteRequest): Promise<RemoteAnswer> {
    const untilMs = performance.now() + this.#timeoutMs
    for (let tries = 1; ; tries++) {
      const answer = await this.#try(request, untilMs)
      if (!(answer instanceof PrescoreError) && !TURNED_AWAY.has(answer.status)) return answer
      const pauseMs = FIRST_PAUSE_MS * 4 ** (tries - 1)
      if (tries === TRIES_MAX || performance.now() + pauseMs >= untilMs)
        throw answer instanceof PrescoreError ? answer : this.#refused(answer)
      await sleep(pauseMs)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  /** An error that is safe to try again comes back; another is thrown. */
  async #try(request: RemoteRequest, untilMs: number): Promise<RemoteAnswer | PrescoreError> {
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(untilMs - performance.now())))
    try {
      return await this.#send(request, signal)
    } catch (cause) {
      if (cause instanceof PrescoreError) throw cause
      if (signal.aborted)
        throw new PrescoreError('deadline_exceeded', { where: this.where, found: `no answer within ${this.#timeoutMs} ms`, cause })
      const { code, message } = cause as NodeJS.ErrnoException
      return new PrescoreError('model_unavailable', { where: this.where, found: code ?? message, cause })
    }
  }

  #send({ path, body, headers = {} }: RemoteRequest, signal: AbortSignal): Promise<RemoteAnswer> {
    const url = new URL(`${this.#base.pathname.replace(/\/$/, '')}${path}`, this.#base)
    const send = url.protocol === 'https:' ? https().request : http().request
    return new Promise((resolve, reject) => {
      const options = {
        agent: this.#agent,
        signal,
        method: body === undefined ? 'GET' : 'POST',
        headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
      }
      const sent = send(url, options, response => {
        bodyOf(response, this.where).then(
          bytes => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes }),
          reject,
        )
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }

  #refused({ status, body }: RemoteAnswer): PrescoreError {
    return new PrescoreError('model_unavailable', { where: this.where, found: `HTTP ${status}: ${messageOf(body)}` })
  }
}

async function bodyOf(response: IncomingMessage, where: string): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX)
      throw new PrescoreError('model_failed', {
        where,
        found: 'an answer that is too large',
        expected: `at most ${ANSWER_BYTES_MAX} bytes`,
      })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** What an error of the server says, in a line. */
export function messageOf(body: Buffer): string {
  const text = body.toString('utf8')
  try {
    const { error } = JSON.parse(text) as { error?: unknown }
    if (typeof error === 'string') return error.slice(0, 300)
  } catch {
    // Not every server answers with JSON.
  }
  return text.slice(0, 300).replaceAll(/\s+/g, ' ')
}

function addressOf(url: RemoteModelDefinition['url'], model: string): URL {
  const text = typeof url === 'string' ? url : process.env[url.env]
  if (text !== undefined && URL.canParse(text)) return new URL(text)
  const found =
    typeof url === 'string' ? JSON.stringify(url) : text === undefined ? `no ${url.env} in the environment` : `${url.env} is not an address`
  throw new PrescoreError('model_unavailable', { where: `model ${model}`, found, expected: "an address such as 'http://host:8000'" })
}

/** What must hold of any request: an answer of its kind, or an error in the protocol's own shape, in time. */
import assert from 'node:assert/strict'
import { ask, outputsOf } from './asked.ts'
import type { ProtocolHouse } from './house.ts'

const HANG_MS = 20_000
const STATUSES: ReadonlySet<number> = new Set([200, 400, 404, 405, 413, 415, 501, 503, 504])

export interface Case {
  readonly url: string
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export async function assertAnswered(house: ProtocolHouse, { url, ...options }: Case): Promise<void> {
  const timer = AbortSignal.timeout(HANG_MS)
  const hung = new Promise<never>((_, reject) => timer.addEventListener('abort', () => reject(new Error(`no answer to ${url}`))))
  const asked = await Promise.race([ask(house, url, options), hung])
  assert.ok(STATUSES.has(asked.status), `${asked.status} ${asked.text.slice(0, 300)}`)
  if (asked.status === 200) {
    if (url.endsWith('/infer') && asked.headers['content-encoding'] === undefined) outputsOf(asked)
    return
  }
  const { error, code } = JSON.parse(asked.text) as { error?: unknown; code?: unknown }
  // A path with dots may lead out of the protocol before it is sent.
  const isProtocols = /^\/v[12](?:\/|$)/.test(url) && !/(?:\.|%2e){1,2}(?:\/|$)/i.test(url)
  assert.ok(isProtocols ? typeof error === 'string' && typeof code === 'string' : code !== undefined, asked.text)
  assert.doesNotMatch(asked.text, /\\n +at |node_modules|file:\/\//)
}

/** Responses to requests that were taken before node:http, as text: the bytes that the router's have. */
import { STATUS_CODES } from 'node:http'
import type { PrescoreError } from '../base/index.ts'
import type { HotCaller } from './hot-route.ts'
import { LIMITS } from './limits.ts'
import { PROBLEM_TYPE, problemJson } from './problem.ts'
import { REQUEST_ID_HEADER } from './request-id.ts'

/** A response that is 200. @param headers lines with their ends, beside the length and the request's id */
export function respondHot(caller: HotCaller, headers: string, body: string | Buffer): void {
  const bytes = bytesOf(body)
  caller.respond(`HTTP/1.1 200 OK\r\n${headers}content-length: ${bytes.length}\r\n${REQUEST_ID_HEADER}: ${caller.id}\r\n`, bytes, false)
}

export function refuseWithProblem(caller: HotCaller, error: PrescoreError, hangsUp: boolean): void {
  refuseHot(caller, error, PROBLEM_TYPE, problemJson(error, caller.id), hangsUp)
}

/** @param hangsUp the body that the request came with was not read as it should have been: the connection ends with the response. */
export function refuseHot(caller: HotCaller, { status }: PrescoreError, type: string, text: string, hangsUp: boolean): void {
  const bytes = bytesOf(text)
  const ending = hangsUp ? 'connection: close\r\n' : ''
  const later = status === 503 ? `retry-after: ${LIMITS.retryAfterSeconds}\r\n` : ''
  const named = `${REQUEST_ID_HEADER}: ${caller.id}\r\ncontent-type: ${type}\r\ncontent-length: ${bytes.length}\r\n`
  caller.respond(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${ending}${later}${named}`, bytes, hangsUp)
}

/** A character a byte. */
function bytesOf(body: string | Buffer): string {
  if (typeof body !== 'string') return body.toString('latin1')
  return Buffer.byteLength(body) === body.length ? body : Buffer.from(body).toString('latin1')
}

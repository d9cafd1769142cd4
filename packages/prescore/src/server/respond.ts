/** Responses written straight to node:http: nothing that Fastify could still do to them is wanted. */
import type { ServerResponse } from 'node:http'
import type { PrescoreError } from '../base/index.ts'
import { LIMITS } from './limits.ts'
import { PROBLEM_TYPE, problemJson } from './problem.ts'
import { REQUEST_ID_HEADER } from './request-id.ts'
import { writeAtEnd } from './turn.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** Written at the end of the turn of the event loop. */
export function respondText(response: ServerResponse, status: number, type: string, text: string, id: string): void {
  writeAtEnd(() => {
    const bytes = Buffer.byteLength(text)
    response.writeHead(status, ['content-type', type, 'content-length', String(bytes), REQUEST_ID_HEADER, id])
    // Text of one byte a character is written as it is, header and all in one piece.
    response.end(text, bytes === text.length ? 'latin1' : 'utf8')
  }, text.length)
}

/** @param hangsUp the body that the request came with was not read as it should have been: the connection ends with the response. */
export function respondProblem(response: ServerResponse, error: PrescoreError, id: string, hangsUp = false): void {
  const text = problemJson(error, id)
  const headers = hangsUp ? ['connection', 'close'] : []
  if (error.status === 503) headers.push('retry-after', String(LIMITS.retryAfterSeconds))
  headers.push(REQUEST_ID_HEADER, id, 'content-type', PROBLEM_TYPE, 'content-length', String(Buffer.byteLength(text)))
  response.writeHead(error.status, headers)
  response.end(text)
}

/** Responses of the router's routes, written straight to node:http: nothing that Fastify could still do to them is wanted. */
import type { ServerResponse } from 'node:http'
import { REQUEST_ID_HEADER } from './request-id.ts'
import { writeAtEnd } from './turn.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** Written at the end of the turn of the event loop. */
export function respondText(response: ServerResponse, status: number, type: string, text: string, id: string): void {
  respondBody(response, status, ['content-type', type], text, id)
}

/** The same. @param headers names and values in turn, beside the length and the request's id */
export function respondBody(response: ServerResponse, status: number, headers: readonly string[], body: string | Buffer, id: string): void {
  writeAtEnd(() => {
    const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    response.writeHead(status, [...headers, 'content-length', String(bytes), REQUEST_ID_HEADER, id])
    // Text of one byte a character is written as it is, header and all in one piece.
    response.end(body, bytes === body.length ? 'latin1' : 'utf8')
  }, body.length)
}

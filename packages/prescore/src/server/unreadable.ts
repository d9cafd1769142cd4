/** What comes over a socket and is no request: bytes that are not HTTP, headers that are too large, requests that do not end. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { PrescoreError } from '../base/index.ts'
import { LIMITS } from './limits.ts'
import { PROBLEM_TYPE, problemJson } from './problem.ts'

type WireError = Error & { readonly code?: string; readonly reason?: string }
/** The response that is under way on a socket, by the name that node:http has for it. */
type Wire = Socket & { readonly _httpMessage?: ServerResponse<IncomingMessage> | null }

const STATUS_LINES: Readonly<Record<number, string>> = {
  400: '400 Bad Request',
  408: '408 Request Timeout',
  431: '431 Request Header Fields Too Large',
}

/** Those that were answered: whatever they still send is passed over. */
const told = new WeakSet<Socket>()

/**
 * Answers as far as the socket allows, and closes it: nothing that follows could be told from what was wrong. A request that had come
 * whole before is answered first, and nothing is written into an answer that has begun.
 */
export function refuseUnreadable(thrown: WireError, socket: Wire): void {
  if (told.has(socket)) return
  const underWay = socket._httpMessage ?? undefined
  if (thrown.code === 'ECONNRESET' || !socket.writable) socket.destroy()
  else if (underWay?.req.complete === true) closeAfter(underWay, socket)
  else if (underWay?.headersSent === true) socket.destroy()
  else answer(socket, wireError(thrown))
}

function closeAfter(underWay: ServerResponse, socket: Socket): void {
  underWay.shouldKeepAlive = false
  // Where it had said already that the connection is kept.
  underWay.once('finish', () => socket.end())
}

function answer(socket: Socket, error: PrescoreError): void {
  const body = problemJson(error)
  const head = [
    `HTTP/1.1 ${STATUS_LINES[error.status]}`,
    `content-type: ${PROBLEM_TYPE}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
  told.add(socket)
  // Cut at once, a caller who is still sending would lose the answer; one who never ends is not waited for.
  const cut = setTimeout(() => socket.destroy(), LIMITS.lingerMs)
  socket.once('close', () => clearTimeout(cut))
}

function wireError({ code, reason }: WireError): PrescoreError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new PrescoreError('request_timeout', {
      found: 'a request that did not end',
      expected: `its headers within ${LIMITS.headersMs / 1_000} s, all of it within ${LIMITS.requestMs / 1_000} s`,
    })
  if (code === 'HPE_HEADER_OVERFLOW')
    return new PrescoreError('headers_too_large', { expected: `at most ${LIMITS.headerBytes} bytes, with the request line` })
  // The parser's own words, which hold nothing of what was sent.
  const found = typeof reason === 'string' && reason !== '' ? `: ${reason}` : ''
  return new PrescoreError('invalid_request', { found: `bytes that are not a whole HTTP request${found}` })
}

/**
 * The head of a request that can be read in one way only: HTTP/1.1, lines that end in CRLF, names that are tokens, values that are
 * printed in ASCII, one host, and a body that comes as it is and whose length is told once, in plain digits, or none. Anything else
 * is for node:http to read, or to refuse: nothing here decides what a doubtful head means.
 */
import { LIMITS } from './limits.ts'
import { isSaneId, REQUEST_ID_HEADER } from './request-id.ts'

/** What the headers say. */
export interface PlainHead {
  /** Of the body; −1: there is none. */
  readonly bodyBytes: number
  /** Whether nothing below came twice, and the body is not compressed. */
  readonly isSimple: boolean
  /** The name that the caller gave to the request, where it is harmless. */
  readonly requestId: string | undefined
  /** `content-type`, as it was written. */
  readonly type: string | undefined
  /** `accept-encoding`. */
  readonly accepted: string | undefined
  /** `Inference-Header-Content-Length`. */
  readonly jsonBytes: string | undefined
  /** Names and values in turn, as they were written. */
  readonly rawHeaders: readonly string[]
}

/** A request up to its body. */
export interface PlainRequest {
  readonly method: string
  readonly url: string
  readonly head: PlainHead
  /** With the empty line. */
  readonly headBytes: number
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD']
const VERSION = ' HTTP/1.1'
const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
/** A path and a query, of the characters that they may have. */
const TARGET = /^\/[\w.~%!$&'()*+,;=:@/?-]*$/
const LINE = /^([\w!#$%&'*+.^`|~-]+):[ \t]*([!-~](?:[\t -~]*[!-~])?)[ \t]*$/
const LENGTH = /^(?:0|[1-9]\d{0,8})$/
/** What bears on where a request ends, or on what is done beside answering it. */
const NOT_PLAIN = ['transfer-encoding', 'trailer', 'te', 'expect', 'upgrade', 'proxy-connection', 'http2-settings']
/** node:http passes over those beyond its bound, which is higher. */
const HEADERS_MAX = 100
/** Most heads end within so many bytes. */
const FIRST_BYTES = 1_024

const REMEMBERED_CHARS = 2_048
const REMEMBERED = 1_000
/** What was read of headers before, by their text: those of a client hardly differ from request to request. */
const remembered = new Map<string, PlainHead>()

/** @returns undefined: it is not plain, or not all there. */
export function readPlain(bytes: Buffer, from: number): PlainRequest | undefined {
  let text = bytes.toString('latin1', from, Math.min(from + FIRST_BYTES, bytes.length))
  let headEnd = text.indexOf(HEAD_END)
  if (headEnd < 0 && bytes.length - from > FIRST_BYTES) {
    text = bytes.toString('latin1', from, Math.min(from + LIMITS.headerBytes, bytes.length))
    headEnd = text.indexOf(HEAD_END)
  }
  const lineEnd = text.indexOf(LINE_END)
  // Without a header there is no host.
  if (headEnd <= lineEnd) return undefined
  const methodEnd = text.indexOf(' ')
  const method = text.slice(0, methodEnd)
  const urlEnd = lineEnd - VERSION.length
  if (urlEnd <= methodEnd || !text.startsWith(VERSION, urlEnd) || !METHODS.includes(method)) return undefined
  const url = text.slice(methodEnd + 1, urlEnd)
  const head = TARGET.test(url) ? headOf(text.slice(lineEnd + LINE_END.length, headEnd)) : undefined
  return head && { method, url, head, headBytes: headEnd + HEAD_END.length }
}

/** @param text of the headers, without the end of the last. */
function headOf(text: string): PlainHead | undefined {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const head = parse(text)
  if (head === undefined || text.length > REMEMBERED_CHARS) return head
  if (remembered.size >= REMEMBERED) remembered.clear()
  // A copy: the text is a part of a larger one, which it would keep.
  remembered.set(Buffer.from(text, 'latin1').toString('latin1'), head)
  return head
}

function parse(text: string): PlainHead | undefined {
  const lines = text.split(LINE_END)
  if (lines.length > HEADERS_MAX) return undefined
  const values = new Map<string, string>()
  const repeated = new Set<string>()
  const rawHeaders: string[] = []
  let requestId: string | undefined
  for (const line of lines) {
    const [, written, value] = LINE.exec(line) ?? []
    if (written === undefined || value === undefined) return undefined
    const name = written.toLowerCase()
    if (NOT_PLAIN.includes(name) || (name === 'connection' && value.toLowerCase() !== 'keep-alive')) return undefined
    if (name === REQUEST_ID_HEADER && isSaneId(value)) requestId ??= value
    if (values.has(name)) repeated.add(name)
    values.set(name, value)
    rawHeaders.push(written, value)
  }
  const length = values.get('content-length')
  if (!values.has('host') || repeated.has('host') || repeated.has('content-length')) return undefined
  if (length !== undefined && !LENGTH.test(length)) return undefined
  const [type, accepted, jsonBytes] = READ.map(name => values.get(name))
  const isSimple = !values.has('content-encoding') && !READ.some(name => repeated.has(name))
  return { bodyBytes: length === undefined ? -1 : Number(length), isSimple, requestId, type, accepted, jsonBytes, rawHeaders }
}

const READ = ['content-type', 'accept-encoding', 'inference-header-content-length'] as const

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
  bodyBytes: number
  /** Whether nothing below came twice, and the body is not compressed. */
  isSimple: boolean
  /** The name that the caller gave to the request, where it is harmless. */
  requestId: string | undefined
  /** `content-type`, as it was written. */
  type: string | undefined
  /** `accept-encoding`. */
  accepted: string | undefined
  /** `Inference-Header-Content-Length`. */
  jsonBytes: string | undefined
}

/** A request up to its body. */
export interface PlainRequest {
  readonly method: string
  readonly url: string
  readonly head: Readonly<PlainHead>
  /** The lines of the headers, without the end of the last. */
  readonly headers: string
  /** With the empty line. */
  readonly headBytes: number
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD']
const VERSION = ' HTTP/1.1'
const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
/** A path and a query, of the characters that they may have. */
const TARGET = /^\/[\w.~%!$&'()*+,;=:@/?-]*$/
const LENGTH = /^(?:0|[1-9]\d{0,8})$/
/** node:http passes over those beyond its bound, which is higher. */
const HEADERS_MAX = 100
/** Most heads end within so many bytes. */
const FIRST_BYTES = 1_024
const [COLON, TAB, SPACE] = [0x3a, 0x09, 0x20]
/** By code: what may stand in a name, and in a value. */
const IN_NAME = table(/[\w!#$%&'*+.^`|~-]/)
const IN_VALUE = table(/[\t -~]/)
/** Headers that bear on where a request ends, or on what is done beside answering it. */
const NOT_PLAIN: readonly string[] = ['transfer-encoding', 'trailer', 'te', 'expect', 'upgrade', 'proxy-connection', 'http2-settings']
const READ: readonly string[] = [
  ...['host', 'connection', 'content-length', 'content-type', 'content-encoding', 'accept-encoding'],
  ...['inference-header-content-length', REQUEST_ID_HEADER],
]
/** By length: whether a name can be one of these. */
const LENGTHS = Uint8Array.from({ length: 64 }, (_, length) => ([...NOT_PLAIN, ...READ].some(name => name.length === length) ? 1 : 0))

const REMEMBERED_CHARS = 2_048
const REMEMBERED = 1_000
/** What was read of headers before, by their text: those of a client hardly differ from request to request, unless each has an id. */
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
  if (!TARGET.test(url)) return undefined
  const headers = text.slice(lineEnd + LINE_END.length, headEnd)
  const head = headOf(headers)
  return head && { method, url, head, headers, headBytes: headEnd + HEAD_END.length }
}

/** Names and values in turn, as they were written. @param headers of a plain request */
export function rawHeadersOf(headers: string): string[] {
  return headers.split(LINE_END).flatMap(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
}

function headOf(text: string): PlainHead | undefined {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const head = parse(text)
  if (head === undefined || head.requestId !== undefined || text.length > REMEMBERED_CHARS) return head
  if (remembered.size >= REMEMBERED) remembered.clear()
  // A copy: the text is a part of a larger one, which it would keep.
  remembered.set(Buffer.from(text, 'latin1').toString('latin1'), head)
  return head
}

function parse(text: string): PlainHead | undefined {
  const head: PlainHead = {
    bodyBytes: -1,
    isSimple: true,
    requestId: undefined,
    type: undefined,
    accepted: undefined,
    jsonBytes: undefined,
  }
  let hosts = 0
  let lines = 0
  for (let from = 0; from <= text.length; ) {
    const next = text.indexOf(LINE_END, from)
    const end = next < 0 ? text.length : next
    const colon = nameEnd(text, from, end)
    if (colon < 0 || ++lines > HEADERS_MAX || !isValue(text, colon + 1, end)) return undefined
    const name = readName(text, from, colon)
    if (name === 'host') hosts++
    else if (name !== undefined && !note(head, name, text.slice(colon + 1, end).trim())) return undefined
    from = end + LINE_END.length
  }
  return hosts === 1 ? head : undefined
}

/** @returns whether it is plain what the header says. */
function note(head: PlainHead, name: string, value: string): boolean {
  switch (name) {
    case 'content-length':
      if (head.bodyBytes >= 0 || !LENGTH.test(value)) return false
      head.bodyBytes = Number(value)
      return true
    case 'connection':
      return value.toLowerCase() === 'keep-alive'
    case 'content-type':
      if (head.type !== undefined) head.isSimple = false
      head.type = value
      return true
    case 'accept-encoding':
      if (head.accepted !== undefined) head.isSimple = false
      head.accepted = value
      return true
    case 'inference-header-content-length':
      if (head.jsonBytes !== undefined) head.isSimple = false
      head.jsonBytes = value
      return true
    case 'content-encoding':
      head.isSimple = false
      return true
    case REQUEST_ID_HEADER:
      if (head.requestId === undefined && isSaneId(value)) head.requestId = value
      return true
    default:
      return !NOT_PLAIN.includes(name)
  }
}

/** The name in small letters, where it can be one that is looked at. */
function readName(text: string, from: number, end: number): string | undefined {
  return LENGTHS[end - from] === 1 ? text.slice(from, end).toLowerCase() : undefined
}

/** Where the colon behind a name is; −1: there is none, or no name. */
function nameEnd(text: string, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i)
    if (code === COLON) return i > from ? i : -1
    if (IN_NAME[code] !== 1) return -1
  }
  return -1
}

/** Whether there is more than spaces, and all of it is printed. */
function isValue(text: string, from: number, end: number): boolean {
  let isEmpty = true
  for (let i = from; i < end; i++) {
    const code = text.charCodeAt(i)
    if (IN_VALUE[code] !== 1) return false
    if (code !== SPACE && code !== TAB) isEmpty = false
  }
  return !isEmpty
}

function table(characters: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (characters.test(String.fromCharCode(code)) ? 1 : 0))
}

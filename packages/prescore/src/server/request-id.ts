/** The name of a request: the caller's own, where it is harmless to print, else one that no other request has. */
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

export const REQUEST_ID_HEADER = 'x-request-id'

/** What an id of a caller may be: it is sent back, and stands in logs. */
const SANE = /^[\w.:+/=@-]{1,128}$/
const PREFIX = randomBytes(6).toString('base64url')
let made = 0

/** The headers are looked through as they came: making an object of them costs more than all the rest. */
export function requestId({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length !== REQUEST_ID_HEADER.length || name.toLowerCase() !== REQUEST_ID_HEADER) continue
    const given = rawHeaders[i + 1] as string
    if (isSaneId(given)) return given
  }
  return newRequestId()
}

export function isSaneId(given: string): boolean {
  return SANE.test(given)
}

export function newRequestId(): string {
  made++
  return `${PREFIX}-${made.toString(36)}`
}

/** A request names one host: of two, a proxy may have taken the other (RFC 9112, section 3.2). node:http takes the first, and says nothing. */
import { PrescoreError } from '../base/index.ts'

const HOST = 'host'

/** @param rawHeaders names and values in turn. */
export function hasManyHosts(rawHeaders: readonly string[]): boolean {
  let hosts = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === HOST.length && name.toLowerCase() === HOST) hosts++
  }
  return hosts > 1
}

export function manyHosts(): PrescoreError {
  return new PrescoreError('invalid_request', { where: 'the headers', found: 'more than one `host`', expected: 'one' })
}

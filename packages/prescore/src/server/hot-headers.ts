/** What the headers of a request with a body say, looked through as they came: making an object of all of them costs more. */

/** Of a body that comes whole and as it is. */
export interface BodyHeaders {
  /** `content-type`, as it was written. */
  type: string | undefined
  bytes: number
  /** `accept-encoding`. */
  accepted: string | undefined
  /** `Inference-Header-Content-Length`. */
  jsonBytes: string | undefined
}

/** Their names, by length. */
const TYPE = 'content-type'
const LENGTH = 'content-length'
const ACCEPTED = 'accept-encoding'
const CODING = 'content-encoding'
const TRANSFER = 'transfer-encoding'
const JSON_LENGTH = 'inference-header-content-length'

/**
 * @param rawHeaders names and values in turn.
 * @returns undefined: the body is in pieces, compressed or of no known length, or one of the headers comes twice.
 */
export function bodyHeaders(rawHeaders: readonly string[]): BodyHeaders | undefined {
  const read: BodyHeaders = { type: undefined, bytes: -1, accepted: undefined, jsonBytes: undefined }
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const { length } = rawHeaders[i] as string
    if ((length < TYPE.length || length > TRANSFER.length) && length !== JSON_LENGTH.length) continue
    const name = (rawHeaders[i] as string).toLowerCase()
    const value = rawHeaders[i + 1] as string
    if (name === TRANSFER || name === CODING) return undefined
    if (name === LENGTH) read.bytes = Number(value)
    else if (name === TYPE && read.type === undefined) read.type = value
    else if (name === ACCEPTED && read.accepted === undefined) read.accepted = value
    else if (name === JSON_LENGTH && read.jsonBytes === undefined) read.jsonBytes = value
    else if (name === TYPE || name === ACCEPTED || name === JSON_LENGTH) return undefined
  }
  return read.bytes < 0 ? undefined : read
}

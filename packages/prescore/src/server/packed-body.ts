/** Bodies that come compressed, as many a client and shipper of logs sends what is large. */
import type { IncomingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { PrescoreError } from '../base/index.ts'

type Decode = (bytes: Buffer, options: { readonly maxOutputLength: number }) => Promise<Buffer>

const DECODERS: Readonly<Record<string, Decode>> = { gzip: promisify(gunzip), deflate: promisify(inflate) }

/**
 * A body as it was before it was compressed. At once where it was not.
 * @throws PrescoreError `unsupported_media`, `invalid_request`, `body_too_large` where it is more than so many bytes once it is unpacked
 */
export function unpacked(bytes: Buffer, headers: IncomingHttpHeaders, bytesMax: number): Buffer | Promise<Buffer> {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? ''
  if (coding === '' || coding === 'identity') return bytes
  const decode = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
  if (decode === undefined)
    throw new PrescoreError('unsupported_media', {
      where: 'the header content-encoding',
      found: coding.slice(0, 40),
      expected: 'gzip, deflate or none',
    })
  return decode(bytes, { maxOutputLength: bytesMax }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ERR_BUFFER_TOO_LARGE')
      throw new PrescoreError('body_too_large', { expected: `at most ${bytesMax} bytes once it is unpacked` })
    throw new PrescoreError('invalid_request', { where: 'the body', found: `bytes that are not whole ${coding}` })
  })
}

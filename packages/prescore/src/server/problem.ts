/** Errors as RFC 9457 problem details. A client sees a code of the table and what to do; never a stack trace, never our file names. */
import { asPrescoreError, ERRORS, PrescoreError } from '../base/index.ts'
import { LIMITS } from './limits.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** Errors that Fastify raises before a handler runs, by its codes. */
const FASTIFY_ERRORS: Readonly<Record<string, () => PrescoreError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new PrescoreError('body_too_large', { expected: `at most ${LIMITS.bodyBytes} bytes, or ${LIMITS.eventsBytes} of events` }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new PrescoreError('unsupported_media', {
      expected: 'application/json',
      fix: 'Say so in the header: `content-type: application/json`. curl -d sends another one without -H.',
    }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new PrescoreError('invalid_json', { found: 'a body that is not as long as its content-length' }),
  FST_ERR_BAD_URL: () => new PrescoreError('invalid_request', { where: 'the path', found: 'broken percent-encoding' }),
  FST_ERR_MAX_PARAM_LENGTH: () =>
    new PrescoreError('invalid_key', { found: 'a key that is too long', expected: `at most ${LIMITS.pathKeyChars} characters` }),
}

/** Told of an error that is ours, with all that is known of it; the request's id is what the client got of it. */
export type OnDefect = (error: PrescoreError, requestId?: string) => void

/** Whatever a request's handling threw, as one of our errors. */
export function errorOf(thrown: unknown): PrescoreError {
  if (thrown instanceof PrescoreError) return thrown
  const { code, statusCode } = (thrown ?? {}) as { code?: unknown; statusCode?: unknown }
  const known = typeof code === 'string' ? FASTIFY_ERRORS[code] : undefined
  if (known !== undefined) return known()
  const isClients = typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
  return isClients ? new PrescoreError('invalid_request', { found: String((thrown as Error).message) }) : asPrescoreError(thrown)
}

/** Whether the error is ours: then its details are for the operator, and the client gets the code, the title and the remedy. */
export function isDefect(error: PrescoreError): boolean {
  return error.status === 500
}

/** The problem's JSON text. @param requestId stands in one of ours, whose details are in the log. */
export function problemJson(error: PrescoreError, requestId?: string): string {
  const { title, status, fix, retryable } = ERRORS[error.code]
  const shown = isDefect(error) ? { code: error.code, message: `${title}.`, fix, retryable, requestId } : error.toJSON()
  return JSON.stringify({ title, status, ...shown })
}

/** An element of a batch that could not be answered. */
export function elementErrorJson(error: PrescoreError): string {
  return JSON.stringify({ error: { code: error.code, message: isDefect(error) ? `${ERRORS[error.code].title}.` : error.message } })
}

/** Whatever keeps a call from its answer. `code` is one of the server's codes, or one of ours: `unreachable`, `timeout`, `unexpected_answer`. */
export class ClientError extends Error {
  readonly code: string
  /** HTTP status; undefined where no answer came. */
  readonly status: number | undefined
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** What to do, in the server's words. */
  readonly fix: string | undefined

  constructor(
    code: string,
    message: string,
    details: { readonly status?: number; readonly retryable?: boolean; readonly fix?: string; readonly cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ClientError'
    this.code = code
    this.status = details.status
    this.retryable = details.retryable ?? false
    this.fix = details.fix
  }
}

/** The error of an answer that is no success: problem details, or whatever a proxy on the way has to say. */
export function errorOfAnswer(status: number, body: unknown): ClientError {
  const { code, message, fix, retryable } = (body ?? {}) as Readonly<Record<string, unknown>>
  if (typeof code !== 'string')
    return new ClientError('unexpected_answer', `HTTP ${status} without a code.`, { status, retryable: status >= 502 && status <= 504 })
  return new ClientError(code, typeof message === 'string' ? message : code, {
    status,
    retryable: retryable === true,
    ...(typeof fix === 'string' ? { fix } : {}),
  })
}

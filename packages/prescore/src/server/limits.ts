/** Bounds of the HTTP server. Past one, a request is refused with what the bound is. */
export const LIMITS = Object.freeze({
  /** Elements of `requests` in one body. */
  requestsPerBody: 1_000,
  /** Runs in one list, the newest. */
  runsListed: 1_000,
  bodyBytes: 4 * 1024 * 1024,
  /** Events of one request. */
  eventsBytes: 32 * 1024 * 1024,
  /** A body of tensors, also once it is unpacked. */
  inferBytes: 32 * 1024 * 1024,
  /** Rows of a prediction that one request of tensors may ask for. */
  rowsPerInfer: 4_096,
  /** A key in a path, percent-decoded. Longer ones are refused without a look at the entity. */
  pathKeyChars: 2_048,
  /** The request line and the headers. */
  headerBytes: 16 * 1024,
  /** Time in which the headers of a request must have arrived, on a new connection from when it was opened. */
  headersMs: 10_000,
  /** Time in which a whole request must have arrived. */
  requestMs: 30_000,
  /** How often connections are looked through for those that are over time. */
  checkMs: 1_000,
  /** Time that a connection is kept without a request: longer than the minute of common proxies, so that it is they who close it. */
  keepAliveMs: 72_000,
  /** Time that a caller whose request was unreadable has to read what was wrong with it. */
  lingerMs: 2_000,
  /** Time in which requests under way may finish when the server stops; then their connections are cut. */
  drainMs: 10_000,
  /** What `Retry-After` says beside 503. */
  retryAfterSeconds: 5,
})

/** What may pass by itself: a server that restarts or is full, a lock that is held, two writers that wait for each other. */
const PASSING = /^(08...|57P0[123]|53300|40001|40P01|55P03|25P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN)$/

export function isPassing(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return (typeof code === 'string' && PASSING.test(code)) || /Connection terminated|timeout expired/.test(String(message))
}

/** What may pass by itself: a server that restarts or is full, a lock that is held, two writers that wait for each other, a statement that somebody cancelled. */
const PASSING = /^(08...|57P0[1235]|57014|53[23]00|40001|40P01|55P03|25P03)$/

export function isPassing(error: unknown): boolean {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  return (
    (typeof code === 'string' && PASSING.test(code)) ||
    isUnreached(error) ||
    /Connection terminated|is not queryable|timeout expired/.test(String(message))
  )
}

/** The system found no way to the server, or lost it; of one on this machine that is down, the socket is not there. */
function isUnreached(error: unknown): boolean {
  const { code, syscall } = error as { readonly code?: unknown; readonly syscall?: unknown }
  const isSystem = typeof code === 'string' && /^E([A-Z]+|AI_AGAIN)$/.test(code)
  return isSystem && (code === 'ENOENT' ? syscall === 'connect' : syscall !== 'open')
}

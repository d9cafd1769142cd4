#!/usr/bin/env node
/** The `prescore` command: what an older Node cannot even read is imported only where it can. */

const OLDEST = [22, 22] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
/** Of a command that is interrupted before it has begun: try again. */
const TRY_AGAIN = 75

if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(TRY_AGAIN))
  // Node would stop to listen while it takes itself down, and a signal that comes then would end it without its exit code.
  process.once('beforeExit', () => process.exit())
  await (process.argv[2] === '__names' ? import('./names.ts') : import('./command-line.ts'))
} else {
  process.stderr.write(
    `prescore needs Node ${OLDEST.join('.')} or later, and this is ${process.versions.node}: install a later one (https://nodejs.org).\n`,
  )
  process.exitCode = 1
}

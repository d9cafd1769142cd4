#!/usr/bin/env node
/** The `prescore` command: what an older Node cannot even read is imported only where it can. */

const OLDEST = [22, 22] as const
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) {
  await (process.argv[2] === '__names' ? import('./names.ts') : import('./command-line.ts'))
} else {
  process.stderr.write(
    `prescore needs Node ${OLDEST.join('.')} or later, and this is ${process.versions.node}: install a later one (https://nodejs.org).\n`,
  )
  process.exitCode = 1
}

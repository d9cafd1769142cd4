/** Appends until the disk is full and beyond, and prints how the log stands then. */
import { setTimeout as sleep } from 'node:timers/promises'
import { asPrescoreError } from '../../../src/base/index.ts'
import { openEventLog } from '../../../src/sources/log/index.ts'
import { callOf, TRANSFERS } from './transfers.ts'

const log = openEventLog(process.argv[2] ?? '', 'transfers', TRANSFERS)
const codes = new Set<string>()
let acknowledged = 0

async function append(sender: string, call: number): Promise<void> {
  try {
    const { accepted } = await log.append(callOf(`${sender} ${'x'.repeat(2000)}`, call))
    acknowledged += accepted
  } catch (error) {
    codes.add(asPrescoreError(error).code)
  }
}

for (let call = 0; codes.size === 0; call++) await Promise.all([append('a', call), append('b', call), append('c', call)])
for (let call = 0; call < 5; call++) await append('beyond', call)
// A rejection that nobody handles would end the process now.
await sleep(10)
let read = 0
for (const { rows } of log.read(0, log.position())) read += rows
const isAllThere = acknowledged > 100 && acknowledged === read && read === log.position()
process.stdout.write(JSON.stringify({ codes: [...codes], isAllThere }))
await log.close()

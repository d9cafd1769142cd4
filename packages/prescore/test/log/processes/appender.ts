/**
 * Appends calls of events to a log until it has done them all or is killed, and prints a line for each that was acknowledged.
 *
 *   node appender.ts <folder> <name> <first call> <calls> <in flight>
 */
import { writeSync } from 'node:fs'
import { openEventLog } from '../../../src/sources/log/index.ts'
import { callOf, TRANSFERS } from './transfers.ts'

const [folder = '', name = '', first = '', calls = '', inFlight = ''] = process.argv.slice(2)
const log = openEventLog(folder, 'transfers', TRANSFERS)
let next = Number(first)

async function appendCalls(): Promise<void> {
  while (next < Number(first) + Number(calls)) {
    const call = next++
    const { accepted, duplicate } = await log.append(callOf(name, call))
    writeSync(1, `${call} ${accepted} ${duplicate}\n`)
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, appendCalls))
await log.close()

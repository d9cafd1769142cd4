/**
 * Opens the gate of a folder, adds one to the number in a file behind it, and closes it, again and again until a moment. Prints how often.
 *
 *   node gates.ts <folder> <until, ms since 1970> <but more often than this>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Gate } from '../../../src/lmdb/gate.ts'

const [path = '', until = '', least = ''] = process.argv.slice(2)
const file = join(path, 'number')
let added = 0
while (Date.now() < Number(until) || added <= Number(least)) {
  const gate = new Gate(path)
  gate.pass(() => writeFileSync(file, String(Number(readFileSync(file, 'utf8')) + 1)))
  await gate.close()
  added++
}
process.stdout.write(String(added))

/**
 * Adds one to a number in a table, again and again until a moment, and prints how often. Every other time another thread writes.
 *
 *   node counter.ts <folder> <until, ms since 1970> <but more often than this>
 */
import { LmdbFolder } from '../../../src/lmdb/index.ts'
import { counts, numberOf, ONE } from './counts.ts'

const [path = '', until = '', least = ''] = process.argv.slice(2)
const folder = new LmdbFolder(path, 'elsewhere', 4)
const table = counts(folder)
const add = () => void table.putSync(ONE, Buffer.from(String(numberOf(table) + 1)))
let added = 0
while (Date.now() < Number(until) || added <= Number(least)) {
  if (added % 2 === 0) folder.transactionSync(add)
  else await folder.transaction(add)
  added++
  // A transaction that changes nothing, as others have them.
  folder.transactionSync(() => undefined)
}
await folder.close()
process.stdout.write(String(added))

/**
 * Opens a folder and closes it, again and again until a moment, and prints how often.
 *
 *   node opener.ts <folder> <until, ms since 1970> <but more often than this>
 */
import { LmdbFolder } from '../../../src/lmdb/index.ts'
import { counts, numberOf } from './counts.ts'

const [path = '', until = '', least = ''] = process.argv.slice(2)
let [opened, before] = [0, 0]
while (Date.now() < Number(until) || opened <= Number(least)) {
  const folder = new LmdbFolder(path, 'here', 4)
  const now = numberOf(counts(folder))
  if (now < before) process.stderr.write(`${before} was there, and now ${now}\n`)
  before = now
  await folder.close()
  opened++
}
process.stdout.write(String(opened))

/** Applies a stream to the state of a folder from where it stands, in batches, until it is killed; says when it has stored some: `applier.ts <folder> <puts at once>`. */
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { openLiveState } from '../../../src/online/index.ts'
import { chunkOf, groupIn, LATE_CLOCK, sourceIn } from '../place.ts'
import { AS_OF_BACK_US, GROUPS, KEYS, streamed } from './endless.ts'

const [folder = '', putsAtOnce = ''] = process.argv.slice(2)
const source = sourceIn(folder)
const groups = GROUPS.map(features => groupIn(source, features))
const options = { clock: LATE_CLOCK, asOfBackUs: AS_OF_BACK_US, storeWithinMs: 1, putsAtOnce: Number(putsAtOnce) }
const state = openLiveState(join(folder, 'state'), groups, options)
const from = state.position('events')
for (let position = from; ; ) {
  const next = position + 1 + ((position * 7) % 199)
  await state.apply('events', chunkOf(streamed(position, next), position), next)
  position = next
  if (state.storedPosition('events') > from) process.stdout.write('.')
  await turn()
  // What is read is put to its key before it is stored.
  const throughUs = state.dataThroughUs('events')
  if (throughUs !== undefined) for (const { name } of groups) state.read(name, { id: position % KEYS }, throughUs)
}

/** Killed at any moment while it takes events: the position that is found then and the events that count are one. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openLiveState } from '../../src/online/index.ts'
import { assertReads, folderFor, groupIn, historyIn, LATE_CLOCK } from './place.ts'
import { AS_OF_BACK_US, type FEATURES, GROUPS, KEYS, streamed } from './processes/endless.ts'
import { randomOf } from './samples.ts'

const KILLS = process.env.PRESCORE_FULL === '1' ? 150 : 20

test(`after each of ${KILLS} kills, all events up to a position are in once, and none behind it`, async t => {
  const folder = folderFor(t)
  const { source, database, pin } = await historyIn(folder, [])
  t.after(() => database.close())
  const groups = GROUPS.map(features => groupIn(source, features))
  const open = () => openLiveState(join(folder, 'state'), groups, { clock: LATE_CLOCK, asOfBackUs: AS_OF_BACK_US })
  const first = open()
  await first.bootstrap(database, 'events', pin, 0)
  await first.close()
  const seed = Number(process.env.PRESCORE_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`PRESCORE_SEED=${seed}`)
  const random = randomOf(seed)
  const positions = [0]
  for (let kills = 0; kills < KILLS; kills++) {
    // It is stored by the thread that applies, or by another one.
    const putsAtOnce = String(kills % 3 === 0 ? 1_000 : 1)
    const child = spawn(process.execPath, [join(import.meta.dirname, 'processes/applier.ts'), folder, putsAtOnce], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = once(child, 'close')
    await Promise.race([once(child.stdout, 'data'), ended.then(() => assert.fail('it ended by itself'))])
    await sleep(random(60))
    assert.equal(child.kill('SIGKILL'), true)
    await ended
    const state = open()
    const position = state.position('events')
    assert.equal(state.storedPosition('events'), position)
    // The last 4,000 events are more than windows, late ones and arrivals reach.
    const events = streamed(Math.max(0, position - 4_000), position)
    const throughUs = state.dataThroughUs('events') ?? 0
    assert.equal(throughUs, Math.max(0, ...events.map(({ knownAtUs }) => knownAtUs).filter(Number.isFinite)))
    groups.forEach(({ name }, i) => {
      for (let key = 0; key < KEYS; key++)
        assertReads(state, name, GROUPS[i] as typeof FEATURES, events, key, throughUs - random(AS_OF_BACK_US))
    })
    await state.close()
    assert.ok(position > positions.at(-1)!, `${position} after ${positions.at(-1)}`)
    positions.push(position)
  }
  t.diagnostic(`positions ${positions.join(' ')}`)
})

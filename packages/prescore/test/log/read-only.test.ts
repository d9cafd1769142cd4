/** A log that can only be read, as on a disk that is mounted so: it is read as it is, whatever is declared now, and takes nothing. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { events } from '../../src/project/index.ts'
import { openEventLog } from '../../src/sources/index.ts'
import { refused } from '../batch/harness.ts'
import { cannotWrite } from '../lmdb/read-only.ts'
import { folderFor, NOON_US, PINGS, rowsOf, StandingClock } from './place.ts'

const at = new Date(NOON_US / 1000).toISOString()

test('what was appended is read, and nothing is written', async t => {
  const folder = folderFor(t)
  const log = openEventLog(folder, 'pings', PINGS, { clock: new StandingClock() })
  await log.append([
    { at, n: 1 },
    { at, n: 2 },
  ])
  const rows = rowsOf(log)
  assert.equal(rows.length, 2)
  const pin = log.pin()
  await log.close()

  cannotWrite(t, folder)
  const file = join(folder, 'pings', 'data.mdb')
  const before = statSync(file).mtimeMs
  const more = events({ files: 'pings.parquet', columns: { at: 'timestamp', n: 'int64', shop: 'string' }, time: 'at' }).definition
  const other = events({ files: 'pings.parquet', columns: { at: 'timestamp', n: 'string' }, time: 'at' }).definition
  for (const definition of [PINGS, more]) {
    const copy = openEventLog(folder, 'pings', definition, { clock: new StandingClock() })
    copy.verify(pin)
    assert.deepEqual(rowsOf(copy), rows)
    await assert.rejects(copy.append([{ at, n: 3 }]), refused('read_only', /The disk is read-only: choose another folder/))
    await assert.rejects(copy.noteAsOf(NOON_US), refused('read_only', /read-only/))
    assert.deepEqual(copy.pin(), pin)
    await copy.close()
  }
  assert.throws(() => openEventLog(folder, 'pings', other), { code: 'log_mismatch' })
  assert.equal(statSync(file).mtimeMs, before)
})

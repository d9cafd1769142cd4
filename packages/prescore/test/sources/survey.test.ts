/** Sources that are read while their files are hashed. */
import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { test } from 'node:test'
import { PrescoreError } from '../../src/base/index.ts'
import { events } from '../../src/project/index.ts'
import { PinsAhead, pinSource, type SourcePin, type Survey, surveySources } from '../../src/sources/index.ts'
import { Place } from '../parquet/place.ts'
import { scanned, sourceAt } from './scanned.ts'

const place = await Place.open()
const ROWS = 1_000_000

async function largeSource(file: string) {
  await place.copy(file, `SELECT (hash(i) >> 1)::BIGINT AS n, make_timestamptz(i) AS at FROM range(${ROWS}) t(i)`)
  assert.ok(statSync(place.path(file)).size > 8 * 2 ** 20)
  await place.copy(`small-${file}`, 'SELECT 1::BIGINT AS n, make_timestamptz(1) AS at')
  const files = [file, `small-${file}`]
  return sourceAt(place, events({ files, columns: { n: 'int64', at: 'timestamp' }, time: 'at' }))
}

async function surveyed(source: Awaited<ReturnType<typeof largeSource>>, ahead: PinsAhead): Promise<Survey> {
  return (await surveySources(place.database, [source], undefined, ahead)).get(source.name) as Survey
}

test('a survey is good to read by, and becomes what pinning gives', async () => {
  const source = await largeSource('read.parquet')
  const ahead = new PinsAhead([source])
  const survey = await surveyed(source, ahead)
  assert.equal((await scanned(place, source, {}, survey.pin)).length, ROWS + 1)
  const pin: SourcePin = await pinSource(place.database, source)
  assert.deepEqual(await survey.pinned(), pin)
  await ahead.stop()
})

test('where the thread that hashes has ended, whoever wants the pin hashes', async () => {
  const source = await largeSource('stopped.parquet')
  const ahead = new PinsAhead([source])
  const survey = await surveyed(source, ahead)
  await ahead.stop()
  assert.deepEqual(await survey.pinned(), await pinSource(place.database, source))
})

test('a file that changes meanwhile is refused', async () => {
  const source = await largeSource('changed.parquet')
  const ahead = new PinsAhead([source])
  const survey = await surveyed(source, ahead)
  await place.copy('changed.parquet', 'SELECT 2::BIGINT AS n, make_timestamptz(1) AS at')
  await assert.rejects(survey.pinned(), error => error instanceof PrescoreError && error.code === 'source_changed')
  await ahead.stop()
})

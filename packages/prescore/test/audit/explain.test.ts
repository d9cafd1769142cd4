/** What `explain-features` shows of a feature is what the model gets, in the same unit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { App } from '../../src/app.ts'
import { explainFeatures } from '../../src/audit/index.ts'
import { AS_OF_US, CONFIG, changed } from '../batch/shop.ts'
import { shopFor } from '../live/house.ts'

test('a time since the last event is told in seconds, in the vector and with its events', async t => {
  const since = changed(CONFIG, `largest: f.max('amount', { over: '7d' })`, `largest: f.timeSinceLast({ over: '7d' })`)
  const app = await App.open({ project: await shopFor(t, { config: since }), threads: 1 })
  t.after(() => app.close())
  const release = await app.liveRelease('spend')
  const request = { key: { customer: 'c0' }, inputs: {}, asOfUs: AS_OF_US, eventsMax: 1 }
  const { features, joins } = await explainFeatures(await app.database(), app.loaded, release, request)
  const told = joins[0]?.features.find(({ name }) => name === 'largest')
  const [last] = told?.entered.events ?? []
  const seconds = (AS_OF_US / 1000 - Date.parse(last?.eventTime as string)) / 1000
  assert.ok(seconds > 0 && seconds < 7 * 86_400)
  assert.deepEqual([features.find(({ name }) => name === 'largest')?.value, told?.value], [seconds, seconds])
})

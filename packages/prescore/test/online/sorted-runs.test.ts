/** Events that are too many for memory: whatever the runs, each key comes once, in order, with its events of all of them. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { keyOrder } from '../../src/online/key-order.ts'
import { mergedRuns } from '../../src/online/merged-runs.ts'
import { SortedRuns } from '../../src/online/sorted-runs.ts'
import { folderFor } from './place.ts'

interface Event {
  readonly key: string
  readonly timeUs: number
  readonly knownAtUs: number
  readonly number: number
  readonly text: string | undefined
}

const IS_TEXT = [false, true]
const event: fc.Arbitrary<Event> = fc.record(
  {
    key: fc.constantFrom('a\0', 'b\0', 'b\xff\0', 'ÿ\0', 'long key of many bytes\0'),
    timeUs: fc.integer({ min: -50, max: 50 }),
    knownAtUs: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    number: fc.double(),
    text: fc.option(fc.constantFrom('', 'one', 'zwölf', '\ud800'), { nil: undefined }),
  },
  { noNullPrototype: true },
)

function addRun(runs: SortedRuns, events: readonly Event[]): void {
  const inOrder = events.toSorted((a, b) => compare(a.key, b.key) || a.timeUs - b.timeUs)
  const texts = [...new Set(inOrder.flatMap(({ text }) => text ?? []))]
  const numbers = (value: (event: Event) => number) => Float64Array.from(inOrder, value)
  const fields = [numbers(({ number }) => number), numbers(({ text }) => (text === undefined ? Number.NaN : texts.indexOf(text)))]
  const keys = [...new Set(inOrder.map(({ key }) => key))].map(name => {
    const from = inOrder.findIndex(({ key }) => key === name)
    return { name, from, end: inOrder.findLastIndex(({ key }) => key === name) + 1 }
  })
  runs.add({ timesUs: numbers(({ timeUs }) => timeUs), knownAtUs: numbers(({ knownAtUs }) => knownAtUs), fields, texts }, keys)
}

/** What the runs give, key by key, each in the order of its events. */
function merged(runs: SortedRuns): { readonly names: string[]; readonly events: Event[] } {
  const names: string[] = []
  const events: Event[] = []
  for (const { name, rows } of mergedRuns(runs, IS_TEXT)) {
    const { batch, from, end } = rows
    names.push(name)
    for (const row of rows.rows.subarray(from, end)) {
      const [number, code] = batch.fields.map(field => field[row]!) as [number, number]
      const text = Number.isNaN(code) ? undefined : batch.texts[code]
      events.push({ key: name, timeUs: batch.timesUs[row]!, knownAtUs: batch.knownAtUs[row]!, number, text })
    }
  }
  return { names, events }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

test('whatever the runs, each key comes once, and its events in order of time, those of one time in that of the runs', t => {
  const folder = folderFor(t)
  fc.assert(
    fc.property(fc.array(fc.array(event, { maxLength: 20 }), { minLength: 1, maxLength: 8 }), given => {
      const runs = new SortedRuns(folder, IS_TEXT)
      try {
        for (const events of given) addRun(runs, events)
        const expected = given.flat().toSorted((a, b) => compare(a.key, b.key) || a.timeUs - b.timeUs)
        const found = merged(runs)
        assert.deepEqual(found.events, expected)
        assert.deepEqual(found.names, [...new Set(expected.map(({ key }) => key))])
      } finally {
        runs.close()
      }
    }),
    { numRuns: 100 },
  )
})

test('keys and columns beyond what is read at once; a key of very many events comes in parts; nothing is left on disk', t => {
  const folder = folderFor(t)
  const runs = new SortedRuns(folder, IS_TEXT)
  const known = { knownAtUs: 0, number: 1, text: undefined }
  // Longer than what is read of the keys at once.
  const long = 'x'.repeat(100_000)
  const all = [0, 1, 2].map(run => [
    ...Array.from({ length: 40_000 }, (_, i): Event => ({ ...known, key: 'hot\0', timeUs: i * 3 + run })),
    ...Array.from(
      { length: 5_000 },
      (_, i): Event => ({ ...known, key: `k${i * (run + 1)}\0`, timeUs: run, text: i === 7 ? long : `${i}` }),
    ),
  ])
  for (const events of all) addRun(runs, events)
  assert.equal(existsSync(join(folder, 'runs')), false)
  const { names, events } = merged(runs)
  assert.deepEqual(names.slice(0, 2), ['hot\0', 'hot\0'])
  assert.deepEqual(names.slice(1), [...new Set(all.flat().map(({ key }) => key))].sort(compare))
  const texts = (events: readonly Event[]) => events.map(({ key, timeUs, text }) => `${key} ${timeUs} ${text}`).sort(compare)
  assert.deepEqual(texts(events), texts(all.flat()))
  runs.close()
})

test('keys are sorted by their bytes', () => {
  const name = fc.uint8Array({ maxLength: 12 }).map(bytes => `${Buffer.from(bytes).toString('latin1').replaceAll('\0', '\x01')}\0`)
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 400 }), names => {
      const bytes = (text: string) => Buffer.from(text, 'latin1')
      const expected = names.toSorted((a, b) => Buffer.compare(bytes(a), bytes(b)))
      assert.deepEqual(
        Array.from(keyOrder(names), at => names[at]),
        expected,
      )
    }),
  )
})

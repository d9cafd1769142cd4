/** The blocks of a key, and their bytes: whatever is added in whatever order, nothing is lost, doubled or out of place. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type EventBatch, EventBlock } from '../../src/online/event-block.ts'
import type { Retention, RowsOfKey } from '../../src/online/growth.ts'
import { addToBlock, KeyEvents, type Workbench } from '../../src/online/key-events.ts'
import type { Layout } from '../../src/online/layout.ts'
import { RecordCodec } from '../../src/online/record.ts'
import { RUNS } from '../features/arbitraries.ts'
import { randomOf } from './samples.ts'

/** One number and one text for each event. */
const LAYOUT: Layout = { tie: 'none', tieFields: 0, values: [], lanes: [], isText: [false, true] }
type Plain = readonly [timeUs: number, knownAtUs: number, number: number, text: string | undefined]

function batchOf(events: readonly Plain[]): EventBatch {
  const texts = [...new Set(events.flatMap(([, , , text]) => text ?? []))]
  return {
    timesUs: Float64Array.from(events, ([timeUs]) => timeUs),
    knownAtUs: Float64Array.from(events, ([, knownAtUs]) => knownAtUs),
    fields: [
      Float64Array.from(events, ([, , number]) => number),
      Float64Array.from(events, ([, , , text]) => (text === undefined ? Number.NaN : texts.indexOf(text))),
    ],
    texts,
  }
}

function rowsOf(events: readonly Plain[]): RowsOfKey {
  const rows = Int32Array.from(events, (_, i) => i).sort((a, b) => (events[a]?.[0] as number) - (events[b]?.[0] as number))
  return { batch: batchOf(events), rows, from: 0, end: events.length }
}

const eventsOf = ({ size, timesUs, knownAtUs, fields, texts }: EventBlock): Plain[] =>
  Array.from({ length: size }, (_, i): Plain => {
    const text = fields[1]?.[i] as number
    return [timesUs[i] as number, knownAtUs[i] as number, fields[0]?.[i] as number, Number.isNaN(text) ? undefined : texts[text]]
  })
const sorted = (events: readonly Plain[]) => events.map(String).sort()

test('the bytes of a block hold its events to the bit', () => {
  const time = fc.oneof(fc.nat(1000), fc.maxSafeInteger(), fc.constantFrom(2 ** 53 - 1, 1 - 2 ** 53))
  const text = fc.option(fc.oneof(fc.constantFrom('', 'a', 'é', '\ud800', 'x'.repeat(70_000)), fc.string({ unit: 'binary' })), {
    nil: undefined,
  })
  const number = fc.oneof(fc.double({ noNaN: true }), fc.nat(5), fc.constant(Number.NaN)).map(value => value + 0)
  fc.assert(
    fc.property(fc.array(fc.tuple(time, time, number, text), { minLength: 1, maxLength: 40 }), fc.nat(), (events, seed) => {
      const codec = new RecordCodec(LAYOUT)
      const [block, again] = [new EventBlock(LAYOUT.isText), new EventBlock(LAYOUT.isText)]
      const batch = batchOf(events)
      for (let row = 0; row < events.length; row++) block.insert(batch, row)
      const from = seed % events.length
      const bytes = codec.encode(block, from, block.size, 42)
      codec.decode(bytes, again)
      assert.deepEqual(eventsOf(again), eventsOf(block).slice(from))
      assert.deepEqual([codec.fromUs(bytes), codec.lastUs(bytes), codec.hasMore(bytes)], [42, block.timesUs[block.size - 1], false])
    }),
    RUNS,
  )
})

function retainedFrom(fromUs: number): Retention {
  return { fromUs, settledBeforeUs: Number.NEGATIVE_INFINITY, knownByUs: Number.NEGATIVE_INFINITY }
}

/** How events are added to one key: so many times, so many at once, and how late they may be. */
interface Course {
  readonly seed: number
  readonly times: number
  readonly atOnceMax: number
  readonly stepUs: number
  readonly latestUs: number
  /** How far back events are kept; none is added that lies before. */
  readonly keptUs: number
}

const courses: fc.Arbitrary<Course> = fc.record({
  seed: fc.nat(),
  times: fc.integer({ min: 1, max: 60 }),
  atOnceMax: fc.constantFrom(1, 10, 60, 400),
  stepUs: fc.constantFrom(0, 1, 3, 50),
  latestUs: fc.constantFrom(0, 5, 200, 5000),
  keptUs: fc.constantFrom(50, 500, 1e9),
})

test('blocks follow each other in time, are of bounded size, and on disk are what they are in memory', () => {
  fc.assert(
    fc.property(courses, course => {
      const random = randomOf(course.seed)
      const workbench = { layout: LAYOUT, codec: new RecordCodec(LAYOUT), block: new EventBlock(LAYOUT.isText) }
      const disk = new Disk(workbench)
      let key: Uint8Array | KeyEvents | undefined
      let events: Plain[] = []
      let [nowUs, fromUs] = [0, Number.NEGATIVE_INFINITY]
      for (let i = 0; i < course.times; i++) {
        nowUs += random(course.stepUs * 20 + 1)
        fromUs = nowUs - course.keptUs
        const added = Array.from({ length: 1 + random(course.atOnceMax) }, (): Plain => {
          const timeUs = Math.max(fromUs, nowUs + random(course.stepUs + 1) - (random(4) === 0 ? random(course.latestUs + 1) : 0))
          return [timeUs, timeUs + random(3), random(1000) / 8, random(3) === 0 ? `t${random(5)}` : undefined]
        })
        events = [...events.filter(([timeUs]) => timeUs >= fromUs), ...added]
        if (key instanceof KeyEvents) key.add(rowsOf(added), retainedFrom(fromUs), workbench)
        else key = kept(addToBlock(key, rowsOf(added), retainedFrom(fromUs), workbench))
        checkEvents(key, events, fromUs, workbench.codec)
        if (random(3) > 0) continue
        disk.store(key)
        const loaded: Uint8Array | KeyEvents = disk.load()
        assert.deepEqual(plainBlocks(loaded, workbench.codec), plainBlocks(key, workbench.codec))
        if (random(2) === 0) key = loaded
      }
    }),
    { numRuns: Math.ceil(RUNS.numRuns / 5) },
  )
})

/** The stored blocks of one key. */
class Disk {
  readonly #workbench: Workbench
  readonly #earlier = new Map<number, Buffer>()
  #tail: Buffer = Buffer.alloc(0)

  constructor(workbench: Workbench) {
    this.#workbench = workbench
  }

  store(key: Uint8Array | KeyEvents): void {
    if (!(key instanceof KeyEvents)) this.#tail = Buffer.from(key)
    else {
      const put = (fromUs: number | undefined, bytes: Buffer) => {
        if (fromUs === undefined) this.#tail = bytes
        else this.#earlier.set(fromUs, bytes)
      }
      key.changes(put, fromUs => this.#earlier.delete(fromUs), this.#workbench)
    }
  }

  load(): Buffer | KeyEvents {
    assert.equal(this.#workbench.codec.hasMore(this.#tail), this.#earlier.size > 0)
    if (this.#earlier.size === 0) return this.#tail
    const earlier = [...this.#earlier].sort(([a], [b]) => a - b).map(([, bytes]) => bytes)
    return KeyEvents.stored([...earlier, this.#tail], undefined, this.#workbench)
  }
}

function plainBlocks(key: Uint8Array | KeyEvents, codec: RecordCodec): Plain[][] {
  const block = new EventBlock(LAYOUT.isText)
  const records = key instanceof KeyEvents ? key.blocks.map(({ bytes }) => bytes) : [key]
  return records.map(bytes => {
    codec.decode(bytes, block)
    return eventsOf(block)
  })
}

/** All events that are kept are there once, each where its time belongs; what lies before may be there. */
function checkEvents(key: Uint8Array | KeyEvents, events: readonly Plain[], fromUs: number, codec: RecordCodec): void {
  const blocks = plainBlocks(key, codec)
  const kept = blocks.flat().filter(([timeUs]) => timeUs >= fromUs)
  assert.deepEqual(sorted(kept), sorted(events))
  // What lies before is forgotten once it is more than a quarter.
  if (blocks.length === 1) assert.ok(kept.length >= 0.75 * (blocks[0]?.length as number) - 1)
  blocks.forEach((block, i) => {
    const times = block.map(([timeUs]) => timeUs)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => a - b),
    )
    // Events of one time stay together.
    const tied = Math.max(...[...Map.groupBy(times, timeUs => timeUs).values()].map(({ length }) => length))
    assert.ok(block.length <= 128 + tied, `${block.length} events`)
    if (!(key instanceof KeyEvents)) return
    assert.ok(i === 0 || (times[0] as number) >= (key.blocks[i]?.fromUs as number))
    assert.ok(i === blocks.length - 1 || (times.at(-1) as number) < (key.blocks[i + 1]?.fromUs as number))
  })
}

/** What is valid until the next call, as it is now. */
function kept(key: Buffer | KeyEvents): Buffer | KeyEvents {
  return key instanceof KeyEvents ? key : Buffer.from(key)
}

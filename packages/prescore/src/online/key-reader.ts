/**
 * Fills the windows of all lanes from a key of many blocks, so that a window takes few steps however many events it holds:
 * tiles and blocks in its middle by what they come to, events only of the blocks in which a window begins or ends.
 */
import type { BitRange } from '../features/index.ts'
import { EventBlock } from './event-block.ts'
import type { KeyEvents } from './key-events.ts'
import type { LaneReader } from './lane-reader.ts'
import type { Layout } from './layout.ts'
import type { Question } from './question.ts'
import type { RecordCodec } from './record.ts'
import { merged, partsOf, type Summary, summarise, sumOfParts } from './summary.ts'
import type { StoredBlock, Tile } from './tile.ts'
import { NO_BITS, SumForms, union, WIDE } from './window-sums.ts'

export class KeyReader {
  readonly #layout: Layout
  readonly #codec: RecordCodec
  readonly #lanes: readonly LaneReader[]
  /** To sum up blocks while the lanes' own sums are in use. By value. */
  readonly #forms: readonly SumForms[]
  readonly #block: EventBlock
  /** What is in it. */
  #decoded: StoredBlock | undefined

  constructor(layout: Layout, codec: RecordCodec, lanes: readonly LaneReader[]) {
    this.#layout = layout
    this.#codec = codec
    this.#lanes = lanes
    this.#forms = layout.values.map(field => new SumForms(field))
    this.#block = new EventBlock(layout.isText)
  }

  read(key: KeyEvents, asOfUs: number): void {
    this.#decoded = undefined
    if (key.codes.length === 0) key.codes = this.#layout.values.map(() => new Map())
    if (key.hasSpareCodes) key.forget()
    const question = this.#questionOf(key)
    for (const lane of this.#lanes) {
      const isWide = key.settled !== undefined && lane.reachesAll
      lane.begin(asOfUs, isWide ? lane.forms.wide() : lane.forms.of(question.bits[lane.value]!, question.events))
    }
    for (let at = key.tiles.length - 1; at >= 0 && !this.#isDone(); at--) {
      const tile = key.tiles[at]!
      // The last one changes with every event: to make a whole of it would take longer.
      const lanes = at === key.tiles.length - 1 ? this.#lanes : this.#lanesBeyond(key, tile, question)
      if (lanes.length > 0) for (let i = tile.blocks.length - 1; i >= 0; i--) this.#takeBlock(key, tile.blocks, i, lanes, question)
    }
    if (key.settled !== undefined) for (const lane of this.#lanes) lane.takeSettled(key.settled)
    for (const lane of this.#lanes) lane.end()
  }

  #isDone(): boolean {
    for (const lane of this.#lanes) if (!lane.isDone) return false
    return true
  }

  /** Gives a tile to all lanes. @returns those that need its blocks */
  #lanesBeyond(key: KeyEvents, tile: Tile, question: Question): readonly LaneReader[] {
    const summary = this.#summaryOfTile(key, tile)
    if (summary.sumsOf !== question.forms) this.#sumUpTile(tile, summary, question)
    return this.#lanes.filter(lane => !lane.takeWhole(summary, tile.blocks, 0, tile.blocks.length))
  }

  #takeBlock(key: KeyEvents, blocks: readonly StoredBlock[], at: number, lanes: readonly LaneReader[], question: Question): void {
    const stored = blocks[at]!
    const summary = this.#summaryOf(key, stored)
    if (summary.sumsOf !== question.forms) this.#sumUp(stored, summary, question)
    for (const lane of lanes) {
      if (lane.takeWhole(summary, blocks, at, at + 1)) continue
      this.#decode(stored)
      lane.take(this.#block, key.codes[lane.value], summary)
    }
  }

  #decode(stored: StoredBlock): void {
    if (this.#decoded === stored) return
    this.#codec.decode(stored.bytes, this.#block)
    this.#decoded = stored
  }

  #sumUpTile(tile: Tile, summary: Summary, question: Question): void {
    for (const block of tile.blocks) if (block.summary!.sumsOf !== question.forms) this.#sumUp(block, block.summary!, question)
    summary.values.forEach((value, i) => {
      const sums = question.forms[i]!
      value.sums =
        sums.form === WIDE
          ? undefined
          : sumOfParts(
              tile.blocks.map(({ summary }) => summary!.values[i]!.sums),
              sums,
            )
    })
    summary.sumsOf = question.forms
  }

  /** Where the key needs wide sums, those of most blocks have parts yet. */
  #sumUp(stored: StoredBlock, summary: Summary, question: Question): void {
    summary.values.forEach((value, i) => {
      const sums = question.forms[i]!
      const own = sums.form === WIDE ? this.#forms[i]!.of(value.bits, summary.events) : sums
      if (value.sums?.form === own.form) return
      if (this.#layout.values[i]!.withSums) this.#decode(stored)
      value.sums = partsOf(this.#valuesOf(i), summary.events, own)
    })
    summary.sumsOf = question.forms
  }

  #summaryOfTile(key: KeyEvents, tile: Tile): Summary {
    tile.summary ??= merged(
      tile.blocks.map(block => this.#summaryOf(key, block)),
      this.#layout.values,
    )
    return tile.summary
  }

  #summaryOf(key: KeyEvents, stored: StoredBlock): Summary {
    if (stored.summary !== undefined) return stored.summary
    this.#decode(stored)
    stored.summary = summarise(this.#block, this.#layout.values, this.#layout.tieFields, key.codes)
    return stored.summary
  }

  /** Forms change seldom: what was asked before is asked again while it holds what there is now, and is not far beyond it. */
  #questionOf(key: KeyEvents): Question {
    if (key.question !== undefined) return key.question
    const all = key.tiles.flatMap((tile, at) =>
      at === key.tiles.length - 1 ? tile.blocks.map(block => this.#summaryOf(key, block)) : [this.#summaryOfTile(key, tile)],
    )
    const events = all.reduce((sum, each) => sum + each.events, 0)
    const bits = this.#layout.values.map((_, i) => all.map(({ values }) => values[i]!.bits).reduce(union, NO_BITS))
    key.question = this.#asked(key, events, bits)
    return key.question
  }

  #asked(key: KeyEvents, events: number, ranges: readonly BitRange[]): Question {
    const last = key.lastQuestion
    const bits = last === undefined ? ranges : ranges.map((range, i) => union(range, last.bits[i]!))
    const room = last !== undefined && events <= last.events && events > last.events / 16 ? last.events : 2 * events
    const forms = bits.map((range, i) => this.#forms[i]!.of(range, room))
    const isSame = last?.forms.every((each, i) => each === forms[i])
    key.lastQuestion = { events: room, bits, forms: isSame === true ? last!.forms : forms }
    return key.lastQuestion
  }

  #valuesOf(value: number): Float64Array {
    return this.#block.fields[this.#layout.tieFields + value]!
  }
}

/** The features of a group for one key as of a moment, from the key's events. */
import type { BitRange, FeaturePlan, GroupPlan } from '../features/index.ts'
import { EventBlock } from './event-block.ts'
import type { KeyEvents } from './key-events.ts'
import { KeyReader } from './key-reader.ts'
import { LaneReader } from './lane-reader.ts'
import type { Layout } from './layout.ts'
import type { RecordCodec } from './record.ts'
import type { LiveValue } from './types.ts'
import { bitsOf, NO_BITS } from './window-sums.ts'

export class GroupReader {
  readonly #features: readonly FeaturePlan[]
  readonly #layout: Layout
  readonly #codec: RecordCodec
  readonly #lanes: readonly LaneReader[]
  readonly #block: EventBlock
  readonly #keys: KeyReader

  constructor(plan: GroupPlan, layout: Layout, codec: RecordCodec) {
    const looked = new EventBlock(layout.isText)
    this.#features = plan.features
    this.#layout = layout
    this.#codec = codec
    this.#block = new EventBlock(layout.isText)
    this.#lanes = layout.lanes.map(
      lane =>
        new LaneReader(lane, layout, ({ bytes }) => {
          codec.decode(bytes, looked)
          return looked
        }),
    )
    this.#keys = new KeyReader(layout, codec, this.#lanes)
  }

  /** Of a key that has one block, of these bytes; undefined: of one that has no events. */
  readBlock(bytes: Uint8Array | undefined, asOfUs: number): LiveValue[] {
    const block = this.#block
    if (bytes === undefined) block.clear()
    else this.#codec.decode(bytes, block)
    for (const lane of this.#lanes) {
      lane.begin(asOfUs, lane.forms.of(this.#bitsOf(lane.value), block.size))
      lane.take(block)
      lane.end()
    }
    return this.#results()
  }

  read(key: KeyEvents, asOfUs: number): LiveValue[] {
    const { only } = key
    if (only !== undefined) return this.readBlock(only.bytes, asOfUs)
    this.#keys.read(key, asOfUs)
    return this.#results()
  }

  #bitsOf(value: number): BitRange {
    const field = this.#layout.values[value]!
    return field.withSums ? bitsOf(this.#block.fields[this.#layout.tieFields + value]!, this.#block.size) : NO_BITS
  }

  #results(): LiveValue[] {
    return this.#features.map(({ type, lane, cell, default: fallback }) => {
      const { results, texts } = this.#lanes[lane]!
      const result = results[cell]![0]!
      if (type.kind === 'string') return result === result ? texts[cell] : undefined
      return result === result ? result : fallback
    })
  }
}

/** One request for features: which keys it wants, and the kernel compiled for it. */
import type { Chunk, Column } from '../expressions/index.ts'
import type { ClockName, CompiledGroup, EventColumns, Room } from '../features/index.ts'
import { asRead } from './as-read.ts'
import { sourceKeyColumns } from './key-columns.ts'
import { KeyIndex } from './key-index.ts'
import { type FeatureRequest, sheetsOf } from './request.ts'

export class Collector {
  readonly compiled: CompiledGroup
  readonly request: FeatureRequest
  /** The first and last as-of. */
  readonly firstUs: number
  readonly lastUs: number
  readonly #index: KeyIndex
  readonly #queryKeys: Int32Array

  constructor(request: FeatureRequest, compiled: CompiledGroup) {
    this.compiled = compiled
    this.request = request
    this.#index = new KeyIndex(request.group.entity)
    this.#queryKeys = this.#index.add(request.keys, request.asOfUs.length)
    let [firstUs, lastUs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let i = 0; i < request.asOfUs.length; i++) {
      const us = request.asOfUs[i] as number
      if (us < firstUs) firstUs = us
      if (us > lastUs) lastUs = us
    }
    this.firstUs = firstUs
    this.lastUs = lastUs
  }

  /** The source's columns that make the key, in the entity's order. */
  keyColumns(): readonly string[] {
    return sourceKeyColumns(this.request.group)
  }

  /** The wanted key of each row; NO_KEY where there is none. */
  find(chunk: Chunk): Int32Array {
    const columns = this.keyColumns().map(name => chunk.columns.get(`row.${name}`) as Column)
    return this.#index.find(columns, chunk.rows)
  }

  /** The key number of each row that is asked for. */
  get queryKeys(): Int32Array {
    return this.#queryKeys
  }

  /** By sheet and feature. @param positions of the events in their log; 0: of files. */
  compute(events: EventColumns, positions: Float64Array, keyOf: Int32Array, clock: ClockName, room?: Room): readonly (readonly Column[])[] {
    const { asOfUs, positions: read } = this.request
    const all = { events, keyOf, keys: this.#index.size, queries: { keyOf: this.#queryKeys, asOfUs } }
    const own = read === undefined ? all : asRead(all, positions, read, clock)
    return this.compiled.answer(own.events, own.keyOf, own.keys, own.queries, clock, sheetsOf(this.request), room)
  }
}

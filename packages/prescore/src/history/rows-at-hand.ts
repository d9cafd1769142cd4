/** Features of one key from rows that are at hand: the kernel's bits, as a scan of the whole source gives them. */
import type { Column } from '../expressions/index.ts'
import { compileGroup } from '../features/index.ts'
import { type FeatureGroupDefinition, rowScope } from '../project/index.ts'
import type { ScannedChunk, SourceAt } from '../sources/index.ts'
import { Collector } from './collector.ts'
import { EventBuffer } from './event-buffer.ts'

export interface RowFeatures {
  /** Columns of the source that rows must have, declared or derived. */
  readonly columns: ReadonlySet<string>
  /**
   * A column of one row for each feature, in the group's order.
   * @param rows of the key, and perhaps others; undefined: none
   * @throws PrescoreError what computing may throw
   */
  compute(rows: ScannedChunk | undefined, key: readonly Column[], asOfUs: number): readonly Column[]
}

/** Ready for any number of keys, one at a time. @throws PrescoreError as compiling a group does */
export function rowFeatures({ name, definition }: SourceAt, group: FeatureGroupDefinition): RowFeatures {
  const compiled = compileGroup(group, rowScope(definition), definition.zone, `sources.${name}`)
  const ofKey = (key: readonly Column[], asOfUs: number) => {
    const collector = new Collector({ group, keys: key, asOfUs: Float64Array.of(asOfUs) }, compiled)
    const wanted = { untilUs: asOfUs, clock: 'as-served' as const, columns: [], withPositions: false }
    return { collector, events: new EventBuffer(definition, [collector], wanted) }
  }
  const none = Object.values(group.entity).map(kind => missing(kind))
  return {
    columns: ofKey(none, 0).events.columnsToScan(),
    compute: (rows, key, asOfUs) => {
      const { collector, events } = ofKey(key, asOfUs)
      if (rows !== undefined) events.append(rows)
      return collector.compute(events.columns(), events.positions(), events.keysOf(0), 'as-served')[0] as readonly Column[]
    },
  }
}

function missing(kind: 'string' | 'int64'): Column {
  return kind === 'string'
    ? { type: { kind }, codes: Int32Array.of(-1), dictionary: [] }
    : { type: { kind }, values: Float64Array.of(Number.NaN) }
}

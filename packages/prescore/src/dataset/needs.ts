/** What of the past, and of what came after, each row of a training set needs: the features of its joins, and the windows of its label. */
import type { Chunk, Column } from '../expressions/index.ts'
import { type ClockName, type CompiledGroup, compileGroup } from '../features/index.ts'
import type { Assembly } from '../history/index.ts'
import {
  type FeatureGroupDefinition,
  type PredictionDefinition,
  type ProjectDefinition,
  rowScope,
  type SourceDefinition,
} from '../project/index.ts'

/** Aggregates of one group, as of moments that each row gives. */
export interface Need {
  /** The join's name; undefined: of the label. */
  readonly join: string | undefined
  readonly group: FeatureGroupDefinition
  readonly clock: ClockName
  /** From a row's as-of to the moment that is asked about. */
  readonly shiftUs: number
  /** The columns of the key, in its entity's order, of rows with `key.*`, `input.*` and `asOf`. */
  keys(rows: Chunk): readonly Column[]
  readonly reach: Pick<CompiledGroup, 'longestUs' | 'aheadUs'>
}

export function needsOf(
  project: ProjectDefinition,
  prediction: PredictionDefinition,
  assembly: Assembly,
  clock: ClockName,
): readonly Need[] {
  const need = (group: FeatureGroupDefinition, more: Omit<Need, 'group' | 'reach'>): Need => {
    const source = project.sources[group.source] as SourceDefinition
    return { group, reach: compileGroup(group, rowScope(source), source.zone, `sources.${group.source}`), ...more }
  }
  const joins = assembly.joins.map(({ name, definition, keys }) => need(definition, { join: name, clock, shiftUs: 0, keys }))
  const next = prediction.training?.next
  if (next === undefined) return joins
  const columns = Object.keys(next.entity)
  const keys = (rows: Chunk) => columns.map(name => rows.columns.get(`key.${name}`) as Column)
  // The aggregates over [as-of, as-of + horizon), by all that is known now.
  return [...joins, need(next, { join: undefined, clock: 'corrected', shiftUs: next.horizonUs, keys })]
}

/** The needs that one scan serves, by their places in the list. */
export interface SharedScan {
  readonly source: string
  readonly clock: ClockName
  readonly needs: readonly number[]
}

export function sharedScans(needs: readonly Need[]): readonly SharedScan[] {
  const scans = new Map<string, { source: string; clock: ClockName; needs: number[] }>()
  needs.forEach(({ group: { source }, clock }, i) => {
    const name = `${clock} ${source}`
    const scan = scans.get(name) ?? { source, clock, needs: [] }
    scan.needs.push(i)
    scans.set(name, scan)
  })
  return [...scans.values()]
}

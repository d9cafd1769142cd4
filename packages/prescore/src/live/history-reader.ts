/** Features from history and log, scanned for one request: seconds instead of microseconds, the same bits, and no state to keep. */
import { historyFeatures } from '../history/index.ts'
import type { LiveValue } from '../online/index.ts'
import type { Database } from '../parquet/index.ts'
import type { JoinDefinition, Key } from '../project/index.ts'
import { pinSource, type SourceAt } from '../sources/index.ts'
import { keyColumns, valueOf } from './key-columns.ts'
import type { FeatureReader, FeaturesRead } from './types.ts'

export class HistoryReader implements FeatureReader {
  readonly #database: Database
  readonly #joins: readonly { readonly join: JoinDefinition; readonly source: SourceAt }[]

  constructor(database: Database, joins: readonly { readonly join: JoinDefinition; readonly source: SourceAt }[]) {
    this.#database = database
    this.#joins = joins
  }

  async read(keys: readonly (Key | undefined)[], asOfUs: number): Promise<FeaturesRead> {
    const all: (readonly LiveValue[])[] = []
    let throughUs: number | null = null
    for (const source of new Map(this.#joins.map(each => [each.source.name, each.source])).values()) {
      const own = this.#joins.flatMap((each, i) => (each.source.name === source.name ? [i] : []))
      const requests = own.map(i => {
        const { join } = this.#joins[i]!
        return { group: join, keys: keyColumns(join, keys[i]), asOfUs: Float64Array.of(asOfUs) }
      })
      const pin = await pinSource(this.#database, source)
      const { features, knownThroughUs } = await historyFeatures(this.#database, source, pin, requests, { clock: 'as-served' })
      own.forEach((i, at) => {
        all[i] = features[at]!.map(valueOf)
      })
      if (source.definition.type !== 'events') continue
      throughUs = Math.min(throughUs ?? Number.POSITIVE_INFINITY, knownThroughUs ?? Number.NEGATIVE_INFINITY)
    }
    return { values: all, dataThroughUs: throughUs }
  }

  async knows(joins: readonly number[], keys: readonly (Key | undefined)[], asOfUs: number): Promise<boolean> {
    for (const i of joins) {
      const { join, source } = this.#joins[i]!
      const group = { ...join, features: countsOf(join) }
      const request = { group, keys: keyColumns(join, keys[i]), asOfUs: Float64Array.of(asOfUs) }
      const pin = await pinSource(this.#database, source)
      const { features } = await historyFeatures(this.#database, source, pin, [request], { clock: 'as-served' })
      if (features[0]!.some(count => valueOf(count) !== 0)) return true
    }
    return false
  }
}

/** How many events each feature has that leaves none out. */
function countsOf({ features }: JoinDefinition): JoinDefinition['features'] {
  const whole = Object.entries(features).filter(([, { where }]) => where === undefined)
  return Object.fromEntries(
    whole.map(([name, { windowUs, period, delayUs, value }]) => {
      const window = { ...(windowUs === undefined ? {} : { windowUs }), ...(period === undefined ? {} : { period }) }
      return [name, { aggregate: 'count', delayUs, ...window, ...(value === undefined ? {} : { value }) }] as const
    }),
  )
}

/** Features from history and log, scanned for one request: seconds instead of microseconds, the same bits, and no state to keep. */
import { type Column, stringColumn } from '../expressions/index.ts'
import { historyFeatures } from '../history/index.ts'
import type { LiveValue } from '../online/index.ts'
import type { Database } from '../parquet/index.ts'
import type { JoinDefinition, Key } from '../project/index.ts'
import { pinSource, type SourceAt } from '../sources/index.ts'
import type { FeatureReader } from './types.ts'

export class HistoryReader implements FeatureReader {
  readonly #database: Database
  readonly #joins: readonly { readonly join: JoinDefinition; readonly source: SourceAt }[]
  #throughUs: number | null = null

  constructor(database: Database, joins: readonly { readonly join: JoinDefinition; readonly source: SourceAt }[]) {
    this.#database = database
    this.#joins = joins
  }

  async read(keys: readonly (Key | undefined)[], asOfUs: number): Promise<(readonly LiveValue[])[]> {
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
    this.#throughUs = throughUs
    return all
  }

  /** Of the last request. */
  dataThroughUs(): number | null {
    return this.#throughUs
  }
}

function keyColumns({ entity }: JoinDefinition, key: Key | undefined): Column[] {
  return Object.entries(entity).map(([name, kind]) => {
    const value = key?.[name]
    if (kind === 'string') return stringColumn([value as string | undefined])
    const column = { type: { kind }, values: Float64Array.of(value === undefined ? Number.NaN : Number(value)) }
    return typeof value === 'bigint' ? { ...column, exact: BigInt64Array.of(value) } : column
  })
}

function valueOf(column: Column): LiveValue {
  if ('codes' in column) return column.codes[0]! < 0 ? undefined : column.dictionary[column.codes[0]!]
  return column.values[0]!
}

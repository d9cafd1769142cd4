/** The tables that are read with each request, for all live predictions of a project: looked at before, and read beside live state. */
import { asPrescoreError, type PrescoreError, type Problem } from '../base/index.ts'
import type { JoinDefinition, PredictionDefinition, ProjectDefinition } from '../project/index.ts'
import type { SourceAt } from '../sources/index.ts'
import { RequestTable } from '../sources/index.ts'
import { TableJoin, TablesBeside } from './table-join.ts'
import { TableStanding } from './table-standing.ts'
import type { FeatureReader } from './types.ts'

export interface RequestTablesParts {
  readonly definition: ProjectDefinition
  readonly sourceAt: (source: string) => SourceAt
  /** What a table that can be read is to be warned of, once. */
  readonly onWarning?: ((problem: Problem) => void) | undefined
  /** Why a table cannot be read now, though it may be later: once for all requests that fail. */
  readonly onFailure?: ((where: string, error: PrescoreError) => void) | undefined
  /** It can be read again. */
  readonly onBack?: ((where: string) => void) | undefined
}

/** Whether the rows of a source are read with each request, by key. */
export function isPerRequest({ sources }: ProjectDefinition, source: string): boolean {
  return sources[source]?.from?.perRequest !== undefined
}

export class RequestTables {
  readonly #parts: RequestTablesParts
  readonly #tables = new Map<string, RequestTable>()
  readonly #standings = new Map<string, TableStanding>()
  readonly #checked = new Set<string>()

  constructor(parts: RequestTablesParts) {
    this.#parts = parts
  }

  /**
   * Looks at the tables that these predictions join. One whose database is away for now is read once it is there.
   * @returns by source, what must be mended first
   */
  async check(predictions: readonly PredictionDefinition[]): Promise<ReadonlyMap<string, PrescoreError>> {
    const failures = new Map<string, PrescoreError>()
    const joins = predictions.flatMap(each => Object.values(each.joins)).filter(each => this.#isOurs(each))
    for (const [source, ofSource] of Map.groupBy(joins, each => each.source)) {
      const error = await this.#check(source, ofSource)
      if (error?.code === 'source_unavailable') this.#standingOf(source).failed(error)
      else if (error !== undefined) failures.set(source, error)
    }
    return failures
  }

  /** Reads the joins of a prediction: those of these tables here, the others where `others` reads them, which is given them in their order. */
  beside({ joins }: PredictionDefinition, others: (joins: readonly JoinDefinition[]) => FeatureReader): FeatureReader {
    const all = Object.values(joins)
    const rest = others(all.filter(join => !this.#isOurs(join)))
    if (!all.some(join => this.#isOurs(join))) return rest
    return new TablesBeside(
      rest,
      all.map(join => (this.#isOurs(join) ? new TableJoin(this.#tableOf(join.source), join) : undefined)),
    )
  }

  async close(): Promise<void> {
    for (const standing of this.#standings.values()) standing.close()
    for (const table of this.#tables.values()) await table.close()
  }

  #isOurs({ source }: JoinDefinition): boolean {
    return isPerRequest(this.#parts.definition, source)
  }

  #tableOf(source: string): RequestTable {
    const table = this.#tables.get(source) ?? new RequestTable(this.#parts.sourceAt(source), this.#standingOf(source))
    this.#tables.set(source, table)
    return table
  }

  #standingOf(source: string): TableStanding {
    const { onFailure, onBack } = this.#parts
    const where = `sources.${source}`
    const standing =
      this.#standings.get(source) ?? new TableStanding({ onAway: error => onFailure?.(where, error), onBack: () => onBack?.(where) })
    this.#standings.set(source, standing)
    return standing
  }

  /** The keys of all joins, each once. */
  async #check(source: string, joins: readonly JoinDefinition[]): Promise<PrescoreError | undefined> {
    const keys = new Map(joins.map(keyColumnsOf).map(columns => [JSON.stringify([source, columns]), columns]))
    try {
      for (const [name, columns] of keys) {
        if (this.#checked.has(name)) continue
        for (const problem of await this.#tableOf(source).check(columns)) this.#parts.onWarning?.(problem)
        this.#checked.add(name)
      }
      return undefined
    } catch (error) {
      return asPrescoreError(error)
    }
  }
}

/** The columns of a source that make the key of a join, in its entity's order. */
function keyColumnsOf({ entity, by }: JoinDefinition): readonly string[] {
  return Object.keys(entity).map(name => by[name] ?? name)
}

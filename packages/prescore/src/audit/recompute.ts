/** Noted answers computed again, as a batch computes: features from history and log, the vector, the model. */
import { type ErrorCode, PrescoreError } from '../base/index.ts'
import { type Chunk, type Column, takeRows } from '../expressions/index.ts'
import type { ClockName } from '../features/index.ts'
import { type Assembly, assemble, historyFeatures, scoreRows } from '../history/index.ts'
import { type ModelRunner, openModel, valueText } from '../models/index.ts'
import type { Database } from '../parquet/index.ts'
import { featureTypes, type JoinDefinition, type PredictionDefinition, rowScope, type SourceDefinition } from '../project/index.ts'
import type { Release } from '../release/index.ts'
import type { SourceAt, SourcePin } from '../sources/index.ts'
import type { LoggedAnswer } from './log/record.ts'
import { missingColumn, requestRows, withAttributes } from './rows.ts'

/** A source as it is now. */
export interface PinnedSource {
  readonly at: SourceAt
  readonly pin: SourcePin
}

/** Some answers computed again, row for row. */
export interface Recomputed {
  /** The features of each join, in its order. */
  readonly joined: ReadonlyMap<string, readonly Column[]>
  /** The feature vector of each row, before it is rounded; undefined: it cannot be computed. */
  readonly vectors: readonly (readonly number[] | undefined)[]
  /** The value's JSON text, or the code of what kept the row from having one. */
  readonly values: readonly (string | { readonly code: ErrorCode })[]
}

export class Recomputation {
  readonly prediction: PredictionDefinition
  readonly assembly: Assembly
  readonly release: Release
  readonly #database: Database
  readonly #sources: ReadonlyMap<string, PinnedSource>
  readonly #model: ModelRunner

  private constructor(release: Release, database: Database, sources: ReadonlyMap<string, PinnedSource>, model: ModelRunner) {
    this.release = release
    this.prediction = release.project.predictions[release.prediction] as PredictionDefinition
    this.assembly = assemble(release.project, this.prediction)
    this.#database = database
    this.#sources = sources
    this.#model = model
  }

  /** @throws PrescoreError what opening the model throws */
  static async open(release: Release, database: Database, sources: ReadonlyMap<string, PinnedSource>): Promise<Recomputation> {
    const { model, features } = release.project.predictions[release.prediction] as PredictionDefinition
    const names = features.map(({ name }) => name)
    const runner = await openModel(release.modelFile, { ...model, file: release.modelFile }, names)
    return new Recomputation(release, database, sources, runner)
  }

  /**
   * As served: from the events that had been read when an answer was given, and were known at its as-of. Corrected: from all that
   * is known now.
   * @throws PrescoreError what scanning a source throws
   */
  async compute(answers: readonly LoggedAnswer[], clock: ClockName): Promise<Recomputed> {
    const rows = requestRows(this.prediction, answers)
    const joined = await this.#joined(answers, rows, clock)
    const chunk = this.assembly.joined(rows, joined)
    return { joined, ...(await this.#scored(chunk)) }
  }

  close(): Promise<void> {
    return this.#model.close()
  }

  async #joined(answers: readonly LoggedAnswer[], rows: Chunk, clock: ClockName): Promise<ReadonlyMap<string, readonly Column[]>> {
    const joined = new Map<string, readonly Column[]>()
    const asOfUs = Float64Array.from(answers, answer => answer.asOfUs)
    for (const [name, { at, pin }] of this.#sources) {
      const joins = this.assembly.joins.filter(({ definition }) => definition.source === name)
      const positions = clock === 'as-served' ? { positions: readPositions(answers, name) } : {}
      const requests = joins.map(({ definition, keys }) => ({ group: definition, keys: keys(rows), asOfUs, ...positions }))
      const { features } = await historyFeatures(this.#database, at, pin, requests, { clock })
      joins.forEach((join, i) => {
        const names = Object.keys(join.definition.features)
        joined.set(join.name, withAttributes(join.name, names, features[i] as readonly Column[], answers))
      })
    }
    for (const { name, definition } of this.assembly.joins) {
      if (!joined.has(name)) joined.set(name, this.#asNoted(name, definition, answers))
    }
    return joined
  }

  /** Of a table that was read for each request alone: what was read then is noted with the answers. */
  #asNoted(name: string, join: JoinDefinition, answers: readonly LoggedAnswer[]): readonly Column[] {
    const types = featureTypes(join, rowScope(this.release.project.sources[join.source] as SourceDefinition))
    const missing = [...types.values()].map(type => missingColumn(type, answers.length))
    return withAttributes(name, Object.keys(join.features), missing, answers)
  }

  /** One row that cannot be computed keeps back no others. */
  async #scored(chunk: Chunk): Promise<Omit<Recomputed, 'joined'>> {
    try {
      const columns = this.assembly.vector.columns(chunk)
      const { values, rejected } = await scoreRows(this.assembly, this.#model, columns, chunk.rows, () => {})
      const vectors = Array.from({ length: chunk.rows }, (_, row) => columns.map(column => column[row] as number))
      return { vectors, values: rejected.map((code, row) => (code === undefined ? this.#textOf(values, row) : { code })) }
    } catch (error) {
      if (!(error instanceof PrescoreError) || error.retryable) throw error
      if (chunk.rows === 1) return { vectors: [undefined], values: [{ code: error.code }] }
      const parts: Omit<Recomputed, 'joined'>[] = []
      for (let row = 0; row < chunk.rows; row++) parts.push(await this.#scored(rowOf(chunk, row)))
      return { vectors: parts.flatMap(({ vectors }) => vectors), values: parts.flatMap(({ values }) => values) }
    }
  }

  #textOf(values: ArrayLike<number>, row: number): string {
    const { width, outputType } = this.#model
    const texts = Array.from({ length: width }, (_, i) => valueText(values[row * width + i] as number, outputType))
    return width === 1 ? (texts[0] as string) : `[${texts.join(',')}]`
  }
}

function rowOf({ columns }: Chunk, row: number): Chunk {
  return { rows: 1, columns: new Map([...columns].map(([name, column]) => [name, takeRows(column, [row])])) }
}

/** Up to where each answer had read the source's log. */
export function readPositions(answers: readonly LoggedAnswer[], source: string): Float64Array {
  return Float64Array.from(answers, ({ ground, positions }) => positions[ground.sources.findIndex(({ name }) => name === source)] ?? 0)
}

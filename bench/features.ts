/** Features by the threads of a training set, without its file: warm, and asked again and again. */
import { RowsAside } from '../packages/prescore/src/dataset/aside.ts'
import { Dealt, type PartAsked } from '../packages/prescore/src/dataset/dealt.ts'
import { Engine } from '../packages/prescore/src/dataset/engine.ts'
import { type Need, needsOf, sharedScans } from '../packages/prescore/src/dataset/needs.ts'
import type { PartDone, PartTask } from '../packages/prescore/src/dataset/part.ts'
import { type Piece, whole } from '../packages/prescore/src/dataset/pieces.ts'
import { type Prepared, prepare } from '../packages/prescore/src/dataset/prepare.ts'
import { trainingRows } from '../packages/prescore/src/dataset/rows.ts'
import type { Column } from '../packages/prescore/src/expressions/index.ts'
import { type Assembly, assemble, Division } from '../packages/prescore/src/history/index.ts'
import type { Database } from '../packages/prescore/src/parquet/index.ts'
import { featureTypes, type LoadedProject, rowScope, type SourceDefinition } from '../packages/prescore/src/project/index.ts'

const EVERYTHING = Number.MAX_SAFE_INTEGER

export class FeatureThreads {
  readonly #prepared: Prepared
  readonly #assembly: Assembly
  readonly #needs: readonly Need[]
  readonly #engine: Engine
  readonly #threads: number

  static async open(database: Database, loaded: LoadedProject, prediction: string, threads: number): Promise<FeatureThreads> {
    const options = { clock: 'as-served', release: undefined, onProgress: undefined, signal: undefined } as const
    return new FeatureThreads(await prepare(database, loaded, prediction, options), threads)
  }

  private constructor(prepared: Prepared, threads: number) {
    const { spec, prediction, database } = prepared
    this.#prepared = prepared
    this.#assembly = assemble(spec.project, prediction)
    this.#needs = needsOf(spec.project, prediction, this.#assembly, spec.clock)
    this.#engine = new Engine(spec, database, threads, undefined)
    this.#threads = threads
  }

  /** From Parquet to a row-major matrix. @returns how many rows it has. */
  async pointInTime(fromUs: number): Promise<number> {
    const { spec, database } = this.#prepared
    const aside = await RowsAside.of(trainingRows(this.#prepared, { fromUs }), EVERYTHING, '', EVERYTHING)
    const pieces: Piece[][] = this.#needs.map(() => [])
    for (const scan of sharedScans(this.#needs)) {
      const dealt = new Dealt(this.#prepared, this.#needs, scan, this.#threads, '', EVERYTHING)
      await dealt.deal(database, aside)
      await this.#run(scan.source, [...dealt.take()], ({ asked, rows }, features) => {
        asked.forEach(({ need }, i) =>
          pieces[need]?.push({ rows: Int32Array.from(rows[i] as Float64Array), columns: features[i]?.[0] ?? [] }),
        )
      })
    }
    const joined = this.#needs.map(({ join, group }, i) => {
      const types = featureTypes(group, rowScope(spec.project.sources[group.source] as SourceDefinition))
      return [join as string, whole(pieces[i] ?? [], [...types.values()], aside.rows)] as const
    })
    const { vector, joined: withFeatures } = this.#assembly
    const columns = vector.columns(withFeatures(aside.block(0), new Map(joined)))
    return vector.matrix(columns, 0, aside.rows, 'float64').rows
  }

  /** The features of one join as of one moment for these keys; they stay as columns, by part. */
  async asOf(join: string, keys: Column, rows: number, asOfUs: number): Promise<void> {
    const need = this.#needs.findIndex(each => each.join === join)
    const { group } = this.#needs[need] as Need
    const source = this.#prepared.source(group.source).at.definition
    const division = new Division(source, [group], this.#threads)
    const partOf = await division.partsOf(this.#prepared.database, 0, [keys], rows)
    const { values } = keys as { readonly values: Float64Array }
    const parts = Array.from({ length: this.#threads }, (_, part): PartAsked => {
      const own = values.filter((_, i) => partOf[i] === part)
      const moments = new Float64Array(own.length).fill(asOfUs)
      const asked = [{ need, keys: [{ type: keys.type, values: own }], asOfUs: moments, ends: [own.length] }]
      return { part, only: division.condition([part]), asked, rows: [] }
    })
    await this.#run(group.source, parts, () => {})
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  async #run(source: string, parts: readonly PartAsked[], take: (part: PartAsked, features: PartDone['features']) => void): Promise<void> {
    const partOf = new Map(
      parts.map(part => [{ kind: 'part', source, asked: part.asked, only: part.only } satisfies PartTask as PartTask, part]),
    )
    await this.#engine.run(
      partOf.keys(),
      () => () => {},
      (task, { features }) => take(partOf.get(task) as PartAsked, features),
    )
  }
}

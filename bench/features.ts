/** Features by the threads of a training set, without its file: warm, and asked again and again. */
import { RowsAside } from '../packages/prescore/src/dataset/aside.ts'
import { AskedAtOnce } from '../packages/prescore/src/dataset/asked.ts'
import { Dealt } from '../packages/prescore/src/dataset/dealt.ts'
import { Engine } from '../packages/prescore/src/dataset/engine.ts'
import { type Need, needsOf, sharedScans } from '../packages/prescore/src/dataset/needs.ts'
import type { PartTask, Together } from '../packages/prescore/src/dataset/part.ts'
import { type Prepared, prepare } from '../packages/prescore/src/dataset/prepare.ts'
import { Results } from '../packages/prescore/src/dataset/results.ts'
import { trainingRows } from '../packages/prescore/src/dataset/rows.ts'
import { togetherFor } from '../packages/prescore/src/dataset/together.ts'
import type { Column } from '../packages/prescore/src/expressions/index.ts'
import { assemble, Division } from '../packages/prescore/src/history/index.ts'
import type { Database } from '../packages/prescore/src/parquet/index.ts'
import type { LoadedProject } from '../packages/prescore/src/project/index.ts'

const EVERYTHING = Number.MAX_SAFE_INTEGER
const BLOCK_ROWS = 65_536

interface Part extends Pick<PartTask, 'asked' | 'keys'> {
  readonly part: number
}

export class FeatureThreads {
  readonly #prepared: Prepared
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
    this.#needs = needsOf(spec.project, prediction, assemble(spec.project, prediction), spec.clock)
    this.#engine = new Engine(spec, database, threads, undefined)
    this.#threads = threads
  }

  /** From Parquet to columns in the order of the rows, by block. @returns how many rows there are. */
  async pointInTime(fromUs: number): Promise<number> {
    const { database, source } = this.#prepared
    const aside = await RowsAside.of(trainingRows(this.#prepared, { fromUs }), BLOCK_ROWS, '', EVERYTHING)
    const size = { rows: aside.rows, blockRows: BLOCK_ROWS, room: EVERYTHING }
    const results = new Results(this.#needs, name => source(name).at.definition, size, '')
    for (const scan of sharedScans(this.#needs)) {
      const dealt = new Dealt(this.#prepared, this.#needs, scan, this.#threads, new AskedAtOnce(this.#threads, BLOCK_ROWS))
      await dealt.deal(database, aside)
      const asked = [...dealt.take()].map(part => ({ ...part, asked: results.asked(part) }))
      await this.#run(scan.source, asked)
    }
    let rows = 0
    for (let block = 0; block < aside.blocks; block++) {
      const own = results.take(block).map(({ shared }) => shared?.rows)
      if (own.some(each => each !== own[0])) throw new Error('columns of a block differ in length')
      rows += own[0] ?? 0
    }
    return rows
  }

  /** The features of one join as of one moment for these keys; they stay as columns, by part. */
  async asOf(join: string, keys: Column, rows: number, asOfUs: number): Promise<void> {
    const need = this.#needs.findIndex(each => each.join === join)
    const { group } = this.#needs[need] as Need
    const source = this.#prepared.source(group.source).at.definition
    const division = new Division(source, [group], this.#threads)
    const partOf = await division.partsOf(this.#prepared.database, 0, [keys], rows)
    const { values } = keys as { readonly values: Float64Array }
    const parts = Array.from({ length: this.#threads }, (_, part): Part => {
      const own = values.filter((_, i) => partOf[i] === part)
      const moments = new Float64Array(own.length).fill(asOfUs)
      const asked = [{ need, keys: [{ type: keys.type, values: own }], asOfUs: moments, sheets: [{ queries: own.length }] }]
      return { part, keys: { needs: [need], shares: [part], of: this.#threads }, asked }
    })
    await this.#run(group.source, parts)
  }

  close(): Promise<void> {
    return this.#engine.close()
  }

  async #run(source: string, parts: readonly Part[]): Promise<void> {
    const together = togetherFor(parts, this.#threads, parts.length)
    const tasks = parts.map(({ asked, keys }, i): PartTask => {
      const task = { kind: 'part', source, asked, keys } as const
      return together === undefined ? task : { ...task, together: together[i] as Together }
    })
    await this.#engine.run(
      tasks,
      () => () => {},
      () => {},
    )
  }
}

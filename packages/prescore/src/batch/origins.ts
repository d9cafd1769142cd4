/** Feature vectors of a run's rows, wherever they were computed: those of rows taken over lie with the run that computed them. */
import { PrescoreError } from '../base/index.ts'
import type { Chunk } from '../expressions/index.ts'
import { openContext, type RunContext } from './context.ts'
import { RunLayout } from './layout.ts'
import { readPlan } from './plan.ts'
import { rowsOfOrigin, someRows } from './stages/taken.ts'
import { vectorColumns } from './stages/vector.ts'

export class RowVectors {
  /** This run, then the origins of its plan. */
  readonly #places: readonly RunContext[]

  private constructor(places: readonly RunContext[]) {
    this.#places = places
  }

  /** @throws PrescoreError `run_not_found` when the files of an origin are gone */
  static async open(context: RunContext): Promise<RowVectors> {
    const origins = context.plan.rescored?.origins ?? []
    return new RowVectors([context, ...(await Promise.all(origins.map(run => originOf(context, run))))])
  }

  /**
   * A column for each feature.
   * @param origins where each row was computed; undefined: all in this run
   * @throws PrescoreError `run_corrupt`
   */
  async columns(rows: Chunk, origins: Int32Array | undefined): Promise<readonly Float64Array[]> {
    const [own] = this.#places as [RunContext]
    if (origins === undefined) return vectorColumns(own, rows)
    const all = own.assembly.vector.names.map(() => new Float64Array(rows.rows))
    for (const [origin, place] of this.#places.entries()) {
      const numbers = rowsOfOrigin(origins, origin)
      if (numbers.length === 0) continue
      const columns = await vectorColumns(place, someRows(rows, numbers))
      columns.forEach((column, feature) => {
        numbers.forEach((row, i) => {
          ;(all[feature] as Float64Array)[row] = column[i] as number
        })
      })
    }
    return all
  }
}

async function originOf(context: RunContext, run: string): Promise<RunContext> {
  const plan = await readPlan(new RunLayout(context.runs, run))
  if (plan !== undefined) return openContext({ ...context, plan }, context.database)
  throw new PrescoreError('run_not_found', {
    where: `run ${run}`,
    found: 'no folder',
    expected: `the features of rows that run ${context.plan.run} took over`,
    fix: 'Only values can be told of these rows: leave the features out.',
  })
}

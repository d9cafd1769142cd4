/** What gates read of a run's files, when they ask: its values in the bins of the run that is served, and a user's statements. */

import { join } from 'node:path'
import { PrescoreError } from '../../base/index.ts'
import type { NumberColumn } from '../../expressions/index.ts'
import { valueNames } from '../../history/index.ts'
import { identifier, literal } from '../../parquet/index.ts'
import { oneStatement } from '../../project/index.ts'
import type { Catalog, RunRecord } from '../../stores/index.ts'
import type { RunContext } from '../context.ts'
import type { Evidence } from '../gates.ts'
import { RunLayout } from '../layout.ts'
import { readPlan } from '../plan.ts'
import { reportOf } from '../report.ts'
import { readRun } from '../rows.ts'
import type { ScoreManifest } from '../stages/score-manifest.ts'
import { readManifests } from '../totals.ts'
import { inputsKind } from '../values.ts'
import { told } from './judge.ts'
import { binOf, type Compared } from './shift.ts'

type Shards = readonly ScoreManifest[]

/** @param catalog where the run that is served is found. */
export function evidenceOf(context: RunContext, shards: Shards, catalog: Catalog): Evidence {
  const served = servedBeside(catalog, context)
  return {
    compared: () => compare(context, shards, served),
    served: () => {
      const report = served === undefined ? undefined : reportOf(served)
      return report === undefined ? null : told(report)
    },
    rowsOf: async statement => {
      const relations = { run: relation(context, context.layout, shards), published: await servedRelation(context, shards, served) }
      const named = Object.entries(relations).map(([name, sql]) => `${identifier(name)} AS (${sql})`)
      // A comment at its end must not reach further.
      const text = oneStatement(statement) ?? statement
      const query = `WITH ${named.join(', ')}, found AS (${text}\n) SELECT count(*) AS rows, (SELECT to_json(f)::VARCHAR FROM found f LIMIT 1) AS first FROM found`
      const [row] = await context.database.query(query, 'gate')
      const first = row?.first
      return { rows: Number(row?.rows), ...(typeof first === 'string' ? { first } : {}) }
    },
  }
}

/** The run that is served, unless it is this one. */
function servedBeside(catalog: Catalog, { plan }: RunContext): RunRecord | undefined {
  const run = catalog.pointer(plan.prediction)?.run
  return run === undefined || run === plan.run ? undefined : catalog.getRun(run)
}

async function compare(context: RunContext, shards: Shards, served: RunRecord | undefined): Promise<Compared | string> {
  if (shards.some(({ values }) => values.width !== 1)) return 'vectors, which are not compared'
  const distribution = served === undefined ? undefined : reportOf(served)?.distribution
  if (served === undefined || distribution === undefined || distribution === null) return 'nothing that is served to compare with'
  const counts = new Array<number>(distribution.edges.length + 1).fill(0)
  for (const { shard, file } of shards) {
    const path = join(context.layout.shard('score', shard), file)
    for await (const { rows, columns } of readRun(context.database, path, { value: 'float64' })) {
      const { values } = columns.get('value') as NumberColumn
      for (let i = 0; i < rows; i++) if (!Number.isNaN(values[i])) (counts[binOf(distribution.edges, values[i] as number)] as number)++
    }
  }
  return { counts, reference: distribution.counts, run: served.id }
}

/** The rows of a run with the columns that files for others have. */
function relation({ prediction }: RunContext, layout: RunLayout, shards: Shards): string {
  const { width } = (shards[0] as ScoreManifest).values
  const names = [
    ...Object.keys(prediction.entity ?? {}).map(name => `key_${name}`),
    ...valueNames(width),
    'rejected',
    ...Object.keys(inputsKind(prediction)),
  ]
  const files = shards.map(({ shard, file }) => literal(join(layout.shard('score', shard), file)))
  return `SELECT ${names.map(identifier).join(', ')} FROM read_parquet([${files.join(', ')}])`
}

/** Empty where nothing is served, or its files are gone. */
async function servedRelation(context: RunContext, shards: Shards, served: RunRecord | undefined): Promise<string> {
  const nothing = `${relation(context, context.layout, shards)} LIMIT 0`
  if (served === undefined) return nothing
  try {
    const layout = new RunLayout(context.runs, served.id)
    const plan = await readPlan(layout)
    return plan === undefined ? nothing : relation(context, layout, (await readManifests(layout, plan)).score)
  } catch (error) {
    if (error instanceof PrescoreError) return nothing
    throw error
  }
}

/** What the shards of a run need, made from plain data in any worker. */
import { join } from 'node:path'
import { type Assembly, assemble } from '../history/index.ts'
import type { Database } from '../parquet/index.ts'
import type { PredictionDefinition, ProjectDefinition } from '../project/index.ts'
import { loadRelease, type Release } from '../release/index.ts'
import { type SourceAt, type SourcesPlace, sourceAt } from '../sources/index.ts'
import { RunLayout } from './layout.ts'
import type { RunPlan } from './plan.ts'

/** Plain data: sent to workers. */
export interface RunSpec extends SourcesPlace {
  readonly plan: RunPlan
  readonly releases: string
  readonly runs: string
}

export interface RunContext extends RunSpec {
  readonly database: Database
  readonly layout: RunLayout
  readonly release: Release
  /** The definitions as they were frozen, whatever the project file says by now. */
  readonly project: ProjectDefinition
  readonly prediction: PredictionDefinition
  readonly assembly: Assembly
  readonly populationFile: string
}

export async function openContext(spec: RunSpec, database: Database): Promise<RunContext> {
  const release = await loadRelease(spec.releases, spec.plan.release)
  const layout = new RunLayout(spec.runs, spec.plan.run)
  const prediction = release.project.predictions[release.prediction] as PredictionDefinition
  return {
    ...spec,
    database,
    layout,
    release,
    project: release.project,
    prediction,
    assembly: assemble(release.project, prediction),
    populationFile: join(layout.folder, spec.plan.population.file),
  }
}

export function sourceOf(context: RunContext, name: string): SourceAt {
  return sourceAt(context, context.project, name)
}

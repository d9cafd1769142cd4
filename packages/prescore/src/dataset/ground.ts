/** What the work on a training set stands on, made from plain data in any thread. */
import { type CompiledExpression, compile } from '../expressions/index.ts'
import { type ClockName, Room } from '../features/index.ts'
import { type Assembly, assemble } from '../history/index.ts'
import { type ModelRunner, openModel } from '../models/index.ts'
import type { Database } from '../parquet/index.ts'
import { labelScope, type PredictionDefinition, type ProjectDefinition } from '../project/index.ts'
import { type SourceAt, type SourcePin, type SourcesPlace, sourceAt } from '../sources/index.ts'
import { type Need, needsOf } from './needs.ts'

/** Plain data: sent to workers. */
export interface WorkSpec extends SourcesPlace {
  readonly project: ProjectDefinition
  readonly prediction: string
  readonly pins: Readonly<Record<string, SourcePin>>
  readonly clock: ClockName
  /** The frozen model whose values are wanted. */
  readonly modelFile?: string
}

/** Told on the way: rows that are done, of so many. */
export interface Told {
  readonly rows: number
  readonly total: number
}

export interface Ground {
  readonly database: Database
  readonly project: ProjectDefinition
  readonly prediction: PredictionDefinition
  readonly assembly: Assembly
  readonly needs: readonly Need[]
  readonly label: CompiledExpression
  readonly model: ModelRunner | undefined
  /** What parts are computed with, one after the other. */
  readonly room: Room
  source(name: string): { readonly at: SourceAt; readonly pin: SourcePin }
}

export async function openGround(spec: WorkSpec, database: Database): Promise<Ground> {
  const { project, pins, clock, modelFile } = spec
  const prediction = project.predictions[spec.prediction] as PredictionDefinition
  const assembly = assemble(project, prediction)
  const { label } = prediction.training as NonNullable<PredictionDefinition['training']>
  const names = prediction.features.map(({ name }) => name)
  return {
    database,
    project,
    prediction,
    assembly,
    needs: needsOf(project, prediction, assembly, clock),
    label: compile(label, labelScope(project, prediction), `predictions.${prediction.name}.training.label`),
    model: modelFile === undefined ? undefined : await openModel(modelFile, prediction.model, names),
    room: new Room(),
    source: name => ({ at: sourceAt(spec, project, name), pin: pins[name] as SourcePin }),
  }
}

/** What every figure stands on: the project of this example, opened by Prescore's own parts. */
import { resolve } from 'node:path'
import { type ZoneRules, zoneRules } from '../../../packages/prescore/src/expressions/index.ts'
import { type Assembly, assemble } from '../../../packages/prescore/src/history/index.ts'
import { type ModelRunner, openModel } from '../../../packages/prescore/src/models/index.ts'
import { Database } from '../../../packages/prescore/src/parquet/index.ts'
import { loadProject, type PredictionDefinition, type TrainingDefinition } from '../../../packages/prescore/src/project/index.ts'
import { pinSource, type SourceAt, type SourcePin, sourceAt } from '../../../packages/prescore/src/sources/index.ts'

export interface Ground {
  readonly database: Database
  readonly prediction: PredictionDefinition
  readonly training: TrainingDefinition
  readonly zone: ZoneRules
  /** The flights, from which everything is computed. */
  readonly source: SourceAt
  readonly pin: SourcePin
  readonly assembly: Assembly
  /** A model of the example that takes the prediction's features; the prediction's own without a file. */
  open(file?: string): Promise<ModelRunner>
  close(): void
}

export async function openGround(): Promise<Ground> {
  const { definition, ...place } = await loadProject(resolve(import.meta.dirname, '..'))
  const prediction = definition.predictions.late
  const training = prediction?.training
  const zone = zoneRules(prediction?.zone ?? '')
  if (prediction === undefined || training === undefined || zone === undefined) throw new Error('a trained prediction `late` was expected')
  const database = await Database.open({ threads: 2 })
  const source = sourceAt(place, definition, training.source)
  const assembly = assemble(definition, prediction)
  return {
    database,
    prediction,
    training,
    zone,
    source,
    pin: await pinSource(database, source),
    assembly,
    open: (file = prediction.model.file) => openModel(resolve(place.folder, file), prediction.model, assembly.vector.names),
    close: () => database.close(),
  }
}

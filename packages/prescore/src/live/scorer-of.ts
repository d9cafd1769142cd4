import { serveModel } from '../models/index.ts'
import type { PredictionDefinition } from '../project/index.ts'
import type { Release } from '../release/index.ts'
import { createScorer } from './scorer.ts'
import type { FeatureReader, LiveScorer } from './types.ts'

/** Scores with a release, its features read by this reader. @throws PrescoreError `model_unreadable`, `model_mismatch`, `model_output` */
export async function scorerOf(release: Release, features: FeatureReader): Promise<LiveScorer> {
  const prediction = predictionOf(release)
  const names = prediction.features.map(({ name }) => name)
  const model = await serveModel(release.modelFile, { ...prediction.model, file: release.modelFile }, names)
  return createScorer({ release: release.hash, project: release.project, prediction, features, model })
}

export function predictionOf({ project, prediction }: Release): PredictionDefinition {
  return project.predictions[prediction] as PredictionDefinition
}

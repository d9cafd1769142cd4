/** What `release.json` holds, and how it is known to be what was frozen. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { contentHash, losslessJson, PrescoreError, parseLosslessJson } from '../base/index.ts'
import type { ModelSignature, RuntimeChoice } from '../models/index.ts'
import type { ModelDefinition, PredictionDefinition, ProjectDefinition } from '../project/index.ts'
import { featureHash } from './canonical.ts'
import { usedDefinitions } from './used.ts'

export interface ReleaseRecord {
  readonly format: 1
  /** Of what bears on values: features, model bytes, signature, and how the output is read. */
  readonly hash: string
  readonly prediction: string
  readonly featureHash: string
  readonly model: {
    readonly sha256: string
    readonly bytes: number
    readonly definition: Omit<ModelDefinition, 'file'>
    readonly signature: ModelSignature
  }
  /**
   * What runs the model. Not in the hash: it is chosen only where it gives the bits of the other. Absent in releases
   * from before there was a choice.
   */
  readonly runtime?: RuntimeChoice
  /** What of the project bears on values; the policy and the like are those with which it was frozen first. */
  readonly project: ProjectDefinition
}

/** The record as it stands in the file: the digest is of all the rest. */
type Sealed = ReleaseRecord & { readonly digest: string }

/** Nothing of a place or a moment is in the hash: the same inputs give the same one on any machine. */
export function recordOf(
  project: ProjectDefinition,
  prediction: PredictionDefinition,
  bytes: Buffer,
  signature: ModelSignature,
): ReleaseRecord {
  const { file: _, ...definition } = prediction.model
  const model = { sha256: createHash('sha256').update(bytes).digest('hex'), bytes: bytes.length, definition, signature }
  const features = featureHash(project, prediction)
  const hash = contentHash({ prediction: prediction.name, features, model: { sha256: model.sha256, definition, signature } })
  return { format: 1, hash, prediction: prediction.name, featureHash: features, model, project: usedDefinitions(project, prediction) }
}

export function recordText(record: ReleaseRecord): string {
  return `${losslessJson({ ...record, digest: contentHash(record) } satisfies Sealed)}\n`
}

/** @throws PrescoreError `release_corrupt`, `store_format` */
export async function readRecord(folder: string): Promise<ReleaseRecord> {
  const file = join(folder, 'release.json')
  const corrupt = (found: string, cause?: unknown) =>
    new PrescoreError('release_corrupt', { where: file, found, expected: 'what was frozen', cause })
  let sealed: Partial<Sealed> | null
  try {
    sealed = parseLosslessJson(await readFile(file, 'utf8')) as Partial<Sealed> | null
  } catch (error) {
    throw corrupt((error as Error).message, error)
  }
  const format: unknown = sealed?.format
  if (typeof format === 'number' && format > 1)
    throw new PrescoreError('store_format', { where: file, found: `release format ${format}`, expected: 'at most 1' })
  if (format !== 1) throw corrupt('something else')
  const { digest, ...record } = sealed as Sealed
  if (digest !== contentHash(record)) throw corrupt('a text that was changed')
  return record
}

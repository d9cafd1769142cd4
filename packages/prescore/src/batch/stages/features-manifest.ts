/** The record of a finished part of stage 1. */
import { readClaim } from '../claim.ts'
import type { RunLayout } from '../layout.ts'

/** What the DONE of a part says. */
export interface FeaturesManifest {
  readonly part: number
  /** By join: the file with its keys and features, and how many keys it has. */
  readonly files: Readonly<Record<string, { readonly file: string; readonly rows: number }>>
  /** By source with times: the latest moment at which a row of it was known; null where there was none. */
  readonly knownThroughUs: Readonly<Record<string, number | null>>
  readonly seconds: number
}

export function readFeaturesManifest({ layout }: { readonly layout: RunLayout }, part: number): Promise<FeaturesManifest | undefined> {
  return readClaim<FeaturesManifest>(layout.done('features', part))
}

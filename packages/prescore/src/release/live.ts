/** Which release live answers are made with: that of the published run, so that batch and live are one, or the project as it is. */
import { contentHash, PrescoreError } from '../base/index.ts'
import type { LoadedProject } from '../project/index.ts'
import type { Catalog } from '../stores/index.ts'
import { freezeRelease, loadRelease, type Release, recordRelease } from './release.ts'
import { usedDefinitions } from './used.ts'

/**
 * The published run's release, where its sources mean what the project's do; else the project is frozen as it is now.
 * @throws PrescoreError what freezing or loading may throw
 */
export async function releaseForLive(loaded: LoadedProject, name: string, releases: string, catalog: Catalog): Promise<Release> {
  const run = catalog.pointer(name)?.run
  if (run !== undefined) {
    const published = await loadRelease(releases, catalog.getRun(run).release)
    if (hasSameSources(published, loaded)) return published
  }
  const { release } = await freezeRelease(loaded, name, releases)
  recordRelease(catalog, release)
  return release
}

/** What a row of a source means must be the same: state is kept for the project's sources. Where files lie does not count. */
export function hasSameSources({ project }: Release, { definition }: LoadedProject): boolean {
  const prediction = Object.values(project.predictions)[0]
  if (prediction === undefined) throw new PrescoreError('internal', { found: 'a release without a prediction' })
  const meaning = (sources: typeof project.sources) => {
    const all = Object.entries(sources).map(([name, { files: _, untilUs: __, ...rest }]) => [name, rest] as const)
    return contentHash(Object.fromEntries(all))
  }
  const names = Object.keys(project.sources)
  if (!names.every(name => Object.hasOwn(definition.sources, name))) return false
  return meaning(project.sources) === meaning(usedDefinitions(definition, prediction).sources)
}

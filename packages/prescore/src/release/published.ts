/** Which release is published of each prediction, in whatever process it was, for a server that follows it. */
import { contentHash, PrescoreError } from '../base/index.ts'
import type { LoadedProject, PredictionDefinition } from '../project/index.ts'
import type { Catalog } from '../stores/index.ts'
import { hasSameSources } from './live.ts'
import { loadRelease, type Release } from './release.ts'

export class PublishedReleases {
  readonly #loaded: LoadedProject
  readonly #releases: string
  readonly #catalog: Catalog
  readonly #seen = new Map<string, { readonly text: string; readonly hash: string }>()

  constructor(loaded: LoadedProject, releases: string, catalog: Catalog) {
    this.#loaded = loaded
    this.#releases = releases
    this.#catalog = catalog
  }

  /** The hash of the published run's release; undefined before the first publish. A small read while the pointer stays. @throws PrescoreError `store_unreadable`, `run_not_found` */
  hash(prediction: string): string | undefined {
    const text = this.#catalog.pointerText(prediction)
    if (text === undefined) return undefined
    const seen = this.#seen.get(prediction)
    if (seen?.text === text) return seen.hash
    const { run } = JSON.parse(text) as { run: string }
    const hash = this.#catalog.getRun(run).release
    this.#seen.set(prediction, { text, hash })
    return hash
  }

  /**
   * A release that this project, as it was loaded, can answer with: requests mean the same, and so do the rows of its sources.
   * @throws PrescoreError `release_differs`, and what {@link loadRelease} throws
   */
  async load(prediction: string, hash: string): Promise<Release> {
    const release = await loadRelease(this.#releases, hash)
    const now = this.#loaded.definition.predictions[prediction] as PredictionDefinition
    const then = release.project.predictions[prediction] as PredictionDefinition
    const differs =
      requestOf(now) !== requestOf(then) ? 'other keys or inputs' : hasSameSources(release, this.#loaded) ? undefined : 'other sources'
    if (differs === undefined) return release
    throw new PrescoreError('release_differs', {
      where: `predictions.${prediction}`,
      found: `release ${hash.slice(0, 12)} with ${differs}`,
      expected: 'those of the project file as it was when this process began',
    })
  }
}

/** What a request must hold. */
function requestOf({ entity, inputs }: PredictionDefinition): string {
  return contentHash({ entity: entity === undefined ? null : Object.entries(entity), inputs: Object.entries(inputs) })
}

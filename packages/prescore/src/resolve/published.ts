/** Following the pointer: which run of a prediction is served now, opened once, and again when another is published. */
import { PrescoreError } from '../base/index.ts'
import type { KeyColumns } from '../project/index.ts'
import type { Catalog, Pointer, PredictionStore, StoredRun } from '../stores/index.ts'
import { type Provenance, provenanceOf } from './answer.ts'

/** The run being served, with what its answers share. */
export interface ServedRun {
  readonly pointer: Pointer
  readonly run: StoredRun
  readonly fresh: Provenance
  readonly stale: Provenance
}

export class PublishedRun {
  readonly #prediction: string
  readonly #keyColumns: KeyColumns
  readonly #store: { readonly catalog: Catalog; readonly predictions: PredictionStore }
  #snapshot: number | undefined
  #pointerText: string | undefined
  #served: ServedRun | undefined

  constructor(prediction: string, keyColumns: KeyColumns, store: { readonly catalog: Catalog; readonly predictions: PredictionStore }) {
    this.#prediction = prediction
    this.#keyColumns = keyColumns
    this.#store = store
  }

  /**
   * What is published now, in whatever process it was; undefined before the first publish. Costs a small read and a comparison of
   * texts for the first request of a turn of the event loop, and nothing for the others: values read before the next turn are of
   * the same snapshot as the pointer.
   * @throws PrescoreError `store_unreadable`, also when the published run's answers are gone
   */
  current(): ServedRun | undefined {
    const snapshot = this.#store.catalog.snapshot()
    if (snapshot === this.#snapshot) return this.#served
    const text = this.#store.catalog.pointerText(this.#prediction)
    if (text !== this.#pointerText) this.#follow(text)
    this.#snapshot = snapshot
    return this.#served
  }

  close(): void {
    this.#served?.run.close()
    this.#served = undefined
    this.#pointerText = undefined
    this.#snapshot = undefined
  }

  #follow(text: string | undefined): void {
    const served = text === undefined ? undefined : this.#open(JSON.parse(text) as Pointer)
    this.close()
    this.#served = served
    this.#pointerText = text
  }

  #open(pointer: Pointer): ServedRun {
    const run = this.#store.predictions.open(pointer.run)
    if (run === undefined) {
      throw new PrescoreError('store_unreadable', {
        where: this.#prediction,
        found: `no answers of the published run ${pointer.run}`,
        fix: 'Run it again, or publish another run.',
      })
    }
    const shared = { prediction: this.#prediction, keyColumns: this.#keyColumns, computedBy: 'batch' as const }
    return {
      pointer,
      run,
      fresh: provenanceOf({ ...shared, source: 'store' }, run.header),
      stale: provenanceOf({ ...shared, source: 'stale' }, run.header),
    }
  }
}

/** The human values of a prediction, as they stand in memory. */
import { formatInstant } from '../base/index.ts'
import type { KeyColumns } from '../project/index.ts'
import type { Store } from '../stores/index.ts'
import { type OverrideNote, type Provenance, provenanceOf } from './answer.ts'

export interface Standing {
  readonly provenance: Provenance
  readonly valueText: string
  readonly setAtUs: number
  /** Infinity: never. */
  readonly expiresAtUs: number
  readonly note: OverrideNote
}

/**
 * What was set in another process is seen at once: a version is compared for the first request of a turn of the event loop.
 * All throw `store_unreadable`.
 */
export class StandingOverrides {
  readonly #prediction: string
  readonly #keyColumns: KeyColumns
  readonly #store: Pick<Store, 'catalog' | 'overrides'>
  #snapshot: number | undefined
  #version: string | undefined
  #standing: ReadonlyMap<string, Standing> = new Map()

  constructor(prediction: string, keyColumns: KeyColumns, store: Pick<Store, 'catalog' | 'overrides'>) {
    this.#prediction = prediction
    this.#keyColumns = keyColumns
    this.#store = store
  }

  isEmpty(): boolean {
    this.#follow()
    return this.#standing.size === 0
  }

  /** Those that have expired are among them. */
  find(keyBytes: Buffer): Standing | undefined {
    this.#follow()
    return this.#standing.size === 0 ? undefined : this.#standing.get(keyBytes.toString('hex'))
  }

  #follow(): void {
    const { catalog, overrides } = this.#store
    const snapshot = catalog.snapshot()
    if (snapshot === this.#snapshot) return
    this.#snapshot = snapshot
    const version = overrides.version(this.#prediction)
    if (version === this.#version) return
    this.#standing = this.#read()
    this.#version = version
  }

  #read(): Map<string, Standing> {
    const all = this.#store.overrides.list(this.#prediction)
    const shared = { prediction: this.#prediction, keyColumns: this.#keyColumns, source: 'override', computedBy: 'human' } as const
    return new Map(
      all.map(({ key, valueText, author, reason, setAtUs, expiresAtUs }) => {
        const provenance = provenanceOf(shared, { asOfUs: setAtUs, dataThroughUs: null, release: null, run: null })
        const note = { author, reason, expiresAt: expiresAtUs === null ? null : formatInstant(expiresAtUs) }
        return [key, { provenance, valueText, setAtUs, expiresAtUs: expiresAtUs ?? Number.POSITIVE_INFINITY, note }]
      }),
    )
  }
}

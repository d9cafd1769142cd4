/** The models of the releases that answer now, opened for callers that bring tensors of their own. */
import { PrescoreError } from '../base/index.ts'
import { openTensorModel, type TensorModel } from '../models/index.ts'
import type { LoadedProject } from '../project/index.ts'
import type { Catalog } from '../stores/index.ts'
import { releaseForLive } from './live.ts'

export interface ReleasedModel {
  readonly release: string
  readonly model: TensorModel
}

/** What one prediction has: the model that serves, and the one that will. */
interface Slot {
  pointerText: string | undefined
  opened?: ReleasedModel
  opening?: Promise<ReleasedModel> | undefined
}

export class ReleasedModels {
  readonly #loaded: LoadedProject
  readonly #releases: string
  readonly #catalog: Catalog
  readonly #slots = new Map<string, Slot>()

  constructor(loaded: LoadedProject, releases: string, catalog: Catalog) {
    this.#loaded = loaded
    this.#releases = releases
    this.#catalog = catalog
  }

  /**
   * The model of a prediction that is declared. It follows the pointer: after another release was published, the one before serves
   * until the new one is open, and goes on serving where that one cannot be opened.
   * @throws PrescoreError `nothing_published`, or what keeps the first from being opened; also as a rejection
   */
  of(prediction: string): ReleasedModel | Promise<ReleasedModel> {
    const slot = this.#slots.get(prediction) ?? { pointerText: undefined }
    this.#slots.set(prediction, slot)
    const text = this.#catalog.pointerText(prediction)
    if (text === slot.pointerText && slot.opened !== undefined) return slot.opened
    if (slot.opening === undefined) {
      slot.pointerText = text
      slot.opening = this.#open(prediction, slot).finally(() => {
        slot.opening = undefined
      })
      // Whoever waits for it is told; while another model serves, nobody does.
      slot.opening.catch(() => {})
    }
    return slot.opened ?? slot.opening
  }

  async close(): Promise<void> {
    for (const { opened, opening } of this.#slots.values()) {
      const model = (await opening?.catch(() => undefined)) ?? opened
      await model?.model.close()
    }
    this.#slots.clear()
  }

  async #open(prediction: string, slot: Slot): Promise<ReleasedModel> {
    const mode = this.#loaded.definition.predictions[prediction]?.policy.mode
    if (slot.pointerText === undefined && mode === 'batch') throw new PrescoreError('nothing_published', { where: prediction })
    const release = await releaseForLive(this.#loaded, prediction, this.#releases, this.#catalog)
    const { runtime } = release.model.definition
    if (runtime !== 'onnx')
      throw new PrescoreError('not_supported', {
        where: prediction,
        found: `a model of kind ${runtime}`,
        expected: 'an ONNX model',
        fix: 'Ask the prediction, or the server that has the model.',
      })
    const before = slot.opened
    if (before?.release === release.hash) return before
    slot.opened = {
      release: release.hash,
      model: await openTensorModel(release.modelFile, release.runtime.name === 'trees' ? 'trees' : 'onnx'),
    }
    await before?.model.close()
    return slot.opened
  }
}

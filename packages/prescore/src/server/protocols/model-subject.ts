/** The model of a release as it is: its own tensors, nothing of features, stored answers or policy. */
import { PrescoreError } from '../../base/index.ts'
import type { TensorModel } from '../../models/index.ts'
import { refuseOptions } from './parameters.ts'
import type { Call, Subject } from './subject.ts'
import type { NamedTensor, TensorSpec } from './tensors.ts'

export interface OpenModel {
  readonly release: string
  readonly model: TensorModel
}

/** The model that is behind a prediction now. @throws PrescoreError why there is none; also as a rejection */
export type ModelOf = (prediction: string) => OpenModel | Promise<OpenModel>

const NONE: ReadonlySet<string> = new Set()

export class ModelSubject implements Subject {
  readonly name: string
  readonly platform = 'onnxruntime_onnx'
  readonly inputs: readonly TensorSpec[]
  readonly optional = NONE
  readonly outputs: readonly TensorSpec[]
  readonly #open: OpenModel

  constructor(name: string, open: OpenModel) {
    this.name = name
    this.#open = open
    this.inputs = open.model.inputs.map(specOf)
    const isOpen = this.inputs.some(({ shape }) => shape[0] === -1)
    this.outputs = open.model.outputs.map(specOf).map(spec => (isOpen ? withOpenRows(spec) : spec))
  }

  release(): string {
    return this.#open.release
  }

  isReady(): boolean {
    return true
  }

  async infer({ inputs, outputs, parameters, caller }: Call): Promise<readonly NamedTensor[]> {
    refuseOptions(parameters)
    if (caller.destroyed) throw new PrescoreError('cancelled')
    const results = await this.#open.model.run(inputs, outputs)
    return [...results].map(([name, tensor]) => ({ name, ...tensor }))
  }
}

function specOf({ name, type, shape }: TensorModel['inputs'][number]): TensorSpec {
  return { name, type, shape: (shape ?? [null, null]).map(length => length ?? -1) }
}

/** Converters declare one row for labels that come for each row of the input. */
function withOpenRows(spec: TensorSpec): TensorSpec {
  return spec.shape[0] === 1 ? { ...spec, shape: [-1, ...spec.shape.slice(1)] } : spec
}

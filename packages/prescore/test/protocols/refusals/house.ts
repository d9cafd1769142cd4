/** A house with models of odd shapes, and a prediction whose live step fails as its key says. */
import { ERRORS, type ErrorCode, PrescoreError } from '../../../src/base/index.ts'
import type { Tensor, TensorModel } from '../../../src/models/index.ts'
import { Resolver } from '../../../src/resolve/index.ts'
import type { Store } from '../../../src/stores/index.ts'
import { runRecord } from '../../conformance/catalog.ts'
import { scorerThat } from '../../resolve/scorers.ts'
import { CLOCK, CUSTOMER, predictionOf } from '../../server/house.ts'
import { type ProtocolHouse, protocolHouse } from '../house.ts'

type Spec = TensorModel['inputs'][number]

const spec = (name: string, type: Spec['type'], ...shape: readonly (number | null)[]): Spec => ({ name, type, shape })
const floats = (...shape: readonly number[]): Tensor => ({
  type: 'float32',
  shape,
  data: new Float32Array(shape.reduce((product, length) => product * length, 1)),
})

function modelThat(inputs: readonly Spec[], outputs: readonly (readonly [Spec, Tensor])[]): TensorModel {
  const tensors = new Map(outputs.map(([{ name }, tensor]) => [name, tensor]))
  return {
    inputs,
    outputs: outputs.map(([each]) => each),
    async run(given, wanted) {
      const values = [...given.values()].flatMap(({ data }) => Array.from(data as ArrayLike<unknown>))
      if (values.includes(13))
        throw new PrescoreError('invalid_input', { where: 'the tensors', found: 'a 13', expected: 'values that the model takes' })
      return new Map(wanted.map(name => [name, tensors.get(name) as Tensor]))
    },
    close: async () => {},
  }
}

const MODELS: Readonly<Record<string, TensorModel>> = {
  /** Two inputs; one number for all rows. */
  late: modelThat([spec('a', 'float32', null), spec('b', 'float32', null)], [[spec('sum', 'float32'), floats()]]),
  /** Two texts a row. */
  balance: modelThat(
    [spec('names', 'string', null, 2)],
    [[spec('y', 'int64', null), { type: 'int64', shape: [1], data: new BigInt64Array(1) }]],
  ),
  /** Rows and columns are open; the outputs differ in rows. */
  vector: modelThat(
    [spec('features', 'float32', null, null)],
    [
      [spec('y', 'float32', null), floats(1)],
      [spec('z', 'float32', null), floats(2)],
    ],
  ),
}

/** `told`: a key that is a code of ours fails with it, any other by a defect. `broken`: its published run is gone. */
function resolvers(store: Store): Resolver[] {
  const scorer = scorerThat(({ key }) => {
    const code = String(key?.customer)
    if (Object.hasOwn(ERRORS, code)) throw new PrescoreError(code as ErrorCode, { where: 'the model', found: 'what was told' })
    throw new TypeError('a defect')
  })
  store.catalog.putRun(runRecord('gone', { prediction: 'broken' }))
  store.catalog.publish('broken', 'gone', null)
  return [
    new Resolver({ prediction: predictionOf('told', CUSTOMER, { mode: 'live' }), store, clock: CLOCK, live: () => scorer }),
    new Resolver({ prediction: predictionOf('broken', CUSTOMER), store, clock: CLOCK }),
  ]
}

export function refusingHouse(): Promise<ProtocolHouse> {
  return protocolHouse({ resolvers, models: MODELS })
}

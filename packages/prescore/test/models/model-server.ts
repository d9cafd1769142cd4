/** Our own server with the fixture models, each as `<name>.model`, over both protocols. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openTensorModel, type TensorModel } from '../../src/models/index.ts'
import { RUNTIMES } from '../../src/models/runtimes/index.ts'
import { openInference, tfServing } from '../../src/project/index.ts'
import { Resolver } from '../../src/resolve/index.ts'
import { createServer } from '../../src/server/index.ts'
import { memoryStore } from '../../src/stores/index.ts'
import type { ModelCase } from '../conformance/runtime.ts'
import { CUSTOMER, predictionOf } from '../server/house.ts'
import { fixture, recordedCases } from './fixtures.ts'

/** Rows of a request. A server gives all rows of one to the model at once: 1 where the bits of a row depend on those beside it. */
const ROWS: Readonly<Record<string, number>> = {
  lightgbm: 100,
  double: 100,
  double_columns: 100,
  // Thousands of requests.
  ...(process.env.PRESCORE_FULL === '1' ? { columns: 1, classes: 1 } : {}),
}
const SERVED = Object.keys(ROWS)
const FIXTURES = Object.fromEntries(SERVED.map(name => [name, fixture(`${name}.onnx`)]))

export interface ModelServer {
  readonly url: string
  stop(): Promise<void>
}

/** @param files by name; the fixtures that the shared suite can have on a server when left out. */
export async function serveModels(files: Readonly<Record<string, string>> = FIXTURES, port = 0): Promise<ModelServer> {
  const names = Object.keys(files)
  const store = memoryStore()
  const models = new Map<string, TensorModel>()
  for (const name of names) models.set(name, await openTensorModel(files[name] as string))
  const server = createServer({
    resolvers: names.map(name => new Resolver({ prediction: predictionOf(name, CUSTOMER), store })),
    catalog: store.catalog,
    port,
    modelOf: name => ({ release: `${name}-1`, model: models.get(name) as TensorModel }),
  })
  const { url } = await server.start()
  return {
    url,
    async stop() {
      await server.stop()
      for (const model of models.values()) await model.close()
    },
  }
}

/** The recorded cases as models on the server, frozen into files of the folder. */
export async function remoteCases(kind: 'openInference' | 'tfServing', url: string, folder: string): Promise<readonly ModelCase[]> {
  const make = kind === 'openInference' ? openInference : tfServing
  const cases = recordedCases().filter(({ name }) => SERVED.includes(name))
  return Promise.all(
    cases.map(async each => {
      const definition = make({
        url,
        model: `${each.name}.model`,
        output: each.definition.output,
        rowsPerRequest: ROWS[each.name] as number,
        timeoutMs: 20_000,
      })
      const file = join(folder, `${kind}-${each.name}.json`)
      writeFileSync(file, (await RUNTIMES[kind].withoutFile?.freeze(definition, each.features)) as Buffer)
      return { ...each, definition, file }
    }),
  )
}
